// Random trees and random nodes: whatever a node does within the rules of finality, what a consumer of the steps
// holds is the node's chain whenever the two rest; and what breaks the rules ends the steps. A failure prints its seed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../errors.ts';
import { Player, playTurns, type Turn, turns } from './node-life.fixture.ts';
import { createReplayServer } from './replay/replay-server.ts';
import { type ReplayView, type ServedBlock, serveBlock } from './replay/served-block.ts';
import { connectTo } from './rpc/connect.fixture.ts';

async function playToTheEnd(all: readonly Turn[]): Promise<void> {
  const { session } = await playTurns(all);
  await session.end();
}

test('a consumer holds the chain of the node, whatever the node does (forks to depth 64)', async () => {
  await fc.assert(fc.asyncProperty(turns(64, 12), playToTheEnd), {
    numRuns: 150,
    interruptAfterTimeLimit: 5_000,
  });
});

test('and in small trees, where every kind of fork happens often', async () => {
  await fc.assert(fc.asyncProperty(turns(4, 40), playToTheEnd), {
    numRuns: 250,
    interruptAfterTimeLimit: 5_000,
  });
});

test('and with forks to depth 256', async () => {
  await fc.assert(fc.asyncProperty(turns(256, 6), playToTheEnd), {
    numRuns: 15,
    interruptAfterTimeLimit: 4_000,
  });
});

test('a branch from below the finalized block ends the steps, and none follows', async () => {
  const beyond = fc.record({ below: fc.integer({ min: 1, max: 8 }), count: fc.integer({ min: 1, max: 12 }) });
  await fc.assert(
    fc.asyncProperty(turns(16, 8), beyond, async (all, { below, count }) => {
      const { player, consumer, session } = await playTurns([
        {
          move: { kind: 'grow', count: 10, transactions: 1 },
          after: 0,
          restartAfter: undefined,
          hurry: false,
        },
        { move: { kind: 'finalize', count: 9 }, after: 0, restartAfter: undefined, hurry: false },
        ...all,
      ]);
      const finalized = consumer.finalized;
      const parent = player.node.byNumber(finalized.number - below) ?? player.node.root;
      const reach = Math.max(count, finalized.number - parent.number);
      const before = consumer.steps.length;
      player.node.show(player.extend(parent, reach, 1));
      await assert.rejects(session.settle(), (error) => {
        assert.ok(isMillraceError(error, 'FinalizedContradiction'), String(error));
        assert.equal(error.fields.number, finalized.number);
        assert.equal(error.fields.recorded, finalized.hash);
        return true;
      });
      assert.equal(consumer.steps.length, before);
      await session.end();
    }),
    { numRuns: 80, interruptAfterTimeLimit: 4_000 },
  );
});

/** The player's node as the replay server serves it. */
function viewOf({ node }: Player): ReplayView {
  const serve = (block: ReturnType<typeof node.byNumber>): ServedBlock | undefined =>
    block && serveBlock(block.block, block.receipts);
  return {
    head: node.head,
    finalized: node.finalized,
    first: node.first,
    byNumber: (number) => serve(node.byNumber(number)),
    byHash: (hash) => serve(node.byHash(hash)),
  };
}

test('and the same through HTTP, with the real reader and the replay server', async () => {
  await fc.assert(
    fc.asyncProperty(turns(16, 6), async (all) => {
      const player = new Player();
      const server = await createReplayServer(viewOf(player), {
        intercept: (method) => {
          if (method === 'eth_chainId') return undefined;
          try {
            player.node.beforeAnswer();
            return undefined;
          } catch {
            return { status: 503 };
          }
        },
      });
      try {
        const reader = await connectTo([server.url]);
        const { session } = await playTurns(all, () => reader, player);
        await session.end();
        await reader.close();
      } finally {
        await server.close();
      }
    }),
    { numRuns: 20, interruptAfterTimeLimit: 5_000 },
  );
});
