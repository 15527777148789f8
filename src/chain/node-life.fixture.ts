// For tests: random lives of a node within the rules of finality, and what must hold between it and a consumer of
// the steps. The same lives are played in memory and through the real RPC.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MillraceError } from '../errors.ts';
import type { ChainBlock } from './block.ts';
import { aBlock, TreeNode } from './block-tree.fixture.ts';
import { FollowSession } from './follow-session.fixture.ts';
import type { ChainReader } from './reader.ts';
import { StepConsumer } from './step-consumer.fixture.ts';

export type Move =
  | { readonly kind: 'grow'; readonly count: number; readonly transactions: number }
  | { readonly kind: 'fork'; readonly depth: number; readonly count: number; readonly transactions: number }
  | { readonly kind: 'switch'; readonly pick: number }
  | { readonly kind: 'rewind'; readonly depth: number }
  | { readonly kind: 'finalize'; readonly count: number }
  | { readonly kind: 'fail'; readonly calls: number }
  | { readonly kind: 'repeat' };

export interface Turn {
  readonly move: Move;
  /** The move happens after so many answers of the node, in the middle of what the follower does. */
  readonly after: number;
  /** The follower ends and begins again after so many steps; undefined: it goes on. */
  readonly restartAfter: number | undefined;
  /** Go on without waiting for the follower to rest. */
  readonly hurry: boolean;
}

const moves = (maxDepth: number): fc.Arbitrary<Move> => {
  const transactions = fc.nat(3);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('grow' as const),
        count: fc.integer({ min: 1, max: maxDepth }),
        transactions,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('fork' as const),
        depth: fc.integer({ min: 1, max: maxDepth }),
        count: fc.integer({ min: 1, max: maxDepth + 4 }),
        transactions,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('switch' as const), pick: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('rewind' as const),
        depth: fc.integer({ min: 1, max: maxDepth }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('finalize' as const),
        count: fc.integer({ min: 1, max: maxDepth }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('fail' as const), calls: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat' as const) }) },
  );
};

export const turns = (maxDepth: number, maxLength: number): fc.Arbitrary<readonly Turn[]> =>
  fc.array(
    fc.record({
      move: moves(maxDepth),
      after: fc.oneof(fc.constant(0), fc.nat(2 * maxDepth)),
      restartAfter: fc.option(fc.nat(maxDepth), { nil: undefined, freq: 2 }),
      hurry: fc.boolean(),
    }),
    { minLength: 1, maxLength },
  );

/** Plays moves on a node. Transactions come from a small pool, so that branches mine the same ones again. */
export class Player {
  readonly node: TreeNode;
  #made = 0;
  #failing = 0;
  #due: { move: Move; after: number }[] = [];

  constructor() {
    this.node = new TreeNode(aBlock({ number: 100 }));
    this.node.beforeAnswer = () => {
      this.#due = this.#due.flatMap(({ move, after }) => {
        if (after > 0) return [{ move, after: after - 1 }];
        this.play(move);
        return [];
      });
      if (this.#failing === 0) return;
      this.#failing -= 1;
      throw new MillraceError('EndpointUnreachable', { endpoint: 'tree', problem: 'made to fail' });
    };
  }

  schedule(move: Move, after: number): void {
    if (after === 0) this.play(move);
    else this.#due.push({ move, after });
  }

  /** What is still to happen happens now. */
  flush(): void {
    for (const { move } of this.#due.splice(0)) this.play(move);
    this.#failing = 0;
  }

  play(move: Move): void {
    const { node } = this;
    const finalized = node.finalized() ?? node.root.number;
    switch (move.kind) {
      case 'grow':
        node.show(this.extend(node.tip, move.count, move.transactions));
        break;
      case 'fork': {
        const parent = node.byNumber(Math.max(finalized, node.head() - move.depth)) ?? node.tip;
        node.show(this.extend(parent, move.count, move.transactions));
        break;
      }
      case 'switch': {
        const safe = node.all().filter((block) => this.#isAfterFinalized(block));
        node.show(safe[move.pick % safe.length] ?? node.tip, false);
        break;
      }
      case 'rewind':
        node.show(node.byNumber(Math.max(finalized, node.head() - move.depth)) ?? node.tip, false);
        break;
      case 'finalize':
        node.finalize(Math.min(node.head(), finalized + move.count));
        break;
      case 'fail':
        this.#failing = move.calls;
        break;
      case 'repeat':
        node.show(node.tip);
    }
  }

  extend(parent: ChainBlock, count: number, transactions: number): ChainBlock {
    let tip = parent;
    for (let at = 0; at < count; at += 1) {
      const names = Array.from({ length: transactions }, (_, nth) => `pool-${(tip.number + nth) % 40}`);
      this.#made += 1;
      tip = aBlock({ parent: tip, salt: String(this.#made), transactions: names });
      this.node.add(tip);
    }
    return tip;
  }

  #isAfterFinalized(block: ChainBlock): boolean {
    const finalized = this.node.byNumber(this.node.finalized() ?? 0);
    for (let at: ChainBlock | undefined = block; at; at = this.node.byHash(at.parentHash)) {
      if (at.hash === finalized?.hash) return true;
    }
    return false;
  }
}

export interface Played {
  readonly player: Player;
  readonly consumer: StepConsumer;
  readonly session: FollowSession;
}

/** The node's chain, or ours when the node merely went back on it. */
function expectAgreement(player: Player, consumer: StepConsumer): void {
  const shown = player.node.canonical.map(({ hash }) => hash);
  const held = consumer.held.map(({ hash }) => hash);
  assert.deepEqual(held.slice(0, shown.length), shown, 'what is held is what the node shows');
  const wentBack = held.length > shown.length;
  if (!wentBack) assert.equal(held.length, shown.length);
  assert.equal(consumer.finalized.number, player.node.finalized(), 'all that is final was said to be');
}

/** Plays the turns, the follower reading through `readerOf`, and checks that both agree at every rest. */
export async function playTurns(
  all: readonly Turn[],
  readerOf: (player: Player) => ChainReader = (player) => player.node.reader(),
  player = new Player(),
): Promise<Played> {
  const consumer = new StepConsumer(player.node.root);
  const session = new FollowSession({ reader: readerOf(player), consumer });
  for (const { move, after, restartAfter, hurry } of all) {
    player.schedule(move, after);
    if (restartAfter !== undefined) {
      for (let taken = 0; taken < restartAfter && (await session.step()); taken += 1);
      await session.restart();
    }
    if (hurry) continue;
    player.flush();
    await session.settle();
    expectAgreement(player, consumer);
  }
  player.flush();
  await session.settle();
  expectAgreement(player, consumer);
  return { player, consumer, session };
}
