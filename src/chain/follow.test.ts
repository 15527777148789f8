// Named cases of following; random ones are in follow.property.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { MillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { ChainBlock } from './block.ts';
import { aBlock, aBranch, TreeNode } from './block-tree.fixture.ts';
import { type FollowOptions, follow } from './follow.ts';
import { FollowSession } from './follow-session.fixture.ts';
import type { ChainReader } from './reader.ts';
import { StandingClock, StepConsumer } from './step-consumer.fixture.ts';

const root = aBlock({ number: 100 });
const tipOf = (branch: readonly ChainBlock[]) => branch.at(-1) as ChainBlock;

function following(
  options: {
    finality?: FollowOptions['finality'];
    reader?: (node: TreeNode) => ChainReader;
    logger?: Logger;
  } = {},
) {
  const node = new TreeNode(root);
  const consumer = new StepConsumer(root);
  const { reader = (of) => of.reader(), ...rest } = options;
  const session = new FollowSession({ reader: reader(node), consumer, ...rest });
  const said = () => consumer.steps.map(({ kind, block }) => `${kind} ${block.number}`);
  return { node, consumer, session, said };
}

function show(node: TreeNode, branch: readonly ChainBlock[]): void {
  node.add(...branch);
  node.show(tipOf(branch));
}

test('a first start begins with the block after the finalized one, with sequence 1', async () => {
  const { node, consumer, session, said } = following();
  show(node, aBranch(root, 3));
  node.finalize(102);
  await session.settle();
  assert.deepEqual(said(), ['new 101', 'new 102', 'new 103', 'final 101', 'final 102']);
  assert.equal(consumer.steps[0]?.cursor.sequence, 1);
  await session.end();
});

test('a reorg of depth 3 while the head skips ahead', async () => {
  const { node, session, said } = following();
  const old = aBranch(root, 5, 'old');
  show(node, old);
  await session.settle();
  show(node, aBranch(old[1] as ChainBlock, 6, 'new'));
  await session.settle();
  assert.deepEqual(said().slice(5), [
    'undo 105',
    'undo 104',
    'undo 103',
    ...[103, 104, 105, 106, 107, 108].map((number) => `new ${number}`),
  ]);
  await session.end();
});

test('a node that goes back or repeats itself changes nothing', async () => {
  const { node, session, said } = following();
  const branch = aBranch(root, 5);
  show(node, branch);
  await session.settle();
  for (const block of [branch[2], root, branch[4], branch[0]]) {
    node.show(block as ChainBlock);
    await session.settle();
  }
  assert.equal(said().length, 5);
  await session.end();
});

test('the fork is found in few requests', async () => {
  const { node, session } = following();
  const old = aBranch(root, 300, 'old');
  show(node, old);
  await session.settle();
  let answers = 0;
  node.beforeAnswer = () => {
    answers += 1;
  };
  show(node, aBranch(old[43] as ChainBlock, 257, 'new'));
  await session.settle();
  // 257 blocks, a few looks at head and finalized, and the search: not one request for each block undone.
  assert.ok(answers < 257 + 40, `${answers} answers`);
  await session.end();
});

test('finality by depth', async () => {
  const { node, session, said } = following({ finality: { depth: 2 } });
  node.finalize(undefined);
  const branch = aBranch(root, 5);
  show(node, branch);
  await session.settle();
  assert.deepEqual(said().slice(5), ['final 101', 'final 102', 'final 103']);
  show(node, aBranch(branch[3] as ChainBlock, 1, 'other'));
  await session.settle();
  assert.deepEqual(said().slice(8), ['undo 105', 'new 105']);
  show(node, aBranch(branch[1] as ChainBlock, 9, 'beyond'));
  await assert.rejects(session.settle(), { code: 'FinalizedContradiction' });
  assert.equal(said().length, 10);
  await session.end();
});

test('a node that gives no finalized block: nothing is final, and it is said once', async () => {
  for (const answer of [
    () => undefined,
    () => {
      throw new MillraceError('RpcRefused', { endpoint: 'x', method: 'y', problem: 'no such tag' });
    },
  ]) {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const { node, session, said } = following({
      logger,
      reader: (of) => {
        const reader = of.reader();
        return {
          ...reader,
          header: async (at, signal) => (at === 'finalized' ? answer() : reader.header(at, signal)),
        };
      },
    });
    show(node, aBranch(root, 3));
    await session.settle();
    assert.deepEqual(said(), ['new 101', 'new 102', 'new 103']);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /nothing becomes final/);
    await session.end();
  }
});

test('a finalized block of a branch that is not ours makes nothing of ours final', async () => {
  const others = aBranch(root, 6, 'others');
  let claimed: ChainBlock | undefined;
  let atOurHead: ChainBlock | undefined;
  const { node, session, said } = following({
    reader: (of) => {
      const reader = of.reader();
      return {
        ...reader,
        header: async (at, signal) => {
          if (at === 'finalized') return claimed;
          return at === 104 && atOurHead ? atOurHead : reader.header(at, signal);
        },
      };
    },
  });
  show(node, aBranch(root, 4));
  claimed = others[2];
  await session.settle();
  // Higher than our head, and at the height of our head there is another block now.
  claimed = others[5];
  atOurHead = others[3];
  await session.settle();
  assert.deepEqual(said(), ['new 101', 'new 102', 'new 103', 'new 104']);
  // It holds our head, and what lies above is final: then so is all of ours.
  atOurHead = undefined;
  await session.settle();
  assert.deepEqual(said().slice(4), ['final 101', 'final 102', 'final 103', 'final 104']);
  await session.end();
});

test('another finalized block at the height of ours ends it', async () => {
  let claimed: ChainBlock | undefined;
  const { node, session, said } = following({
    reader: (of) => {
      const reader = of.reader();
      return {
        ...reader,
        header: async (at, signal) => (at === 'finalized' && claimed ? claimed : reader.header(at, signal)),
      };
    },
  });
  show(node, aBranch(root, 4));
  node.finalize(102);
  await session.settle();
  claimed = aBlock({ number: 102, salt: 'other' });
  await assert.rejects(session.settle(), {
    code: 'FinalizedContradiction',
    fields: { number: 102, recorded: node.byNumber(102)?.hash, offered: claimed.hash },
  });
  assert.equal(said().length, 6);
  await session.end();
});

test('failures that pass are waited out; others end it', async () => {
  const { node, session, said } = following();
  let failures = 20;
  node.beforeAnswer = () => {
    failures -= 1;
    if (failures >= 0) throw new MillraceError('EndpointUnreachable', { endpoint: 'x', problem: 'away' });
  };
  show(node, aBranch(root, 2));
  for (let tries = 0; tries < 60; tries += 1) await session.step();
  assert.deepEqual(said(), ['new 101', 'new 102']);
  node.beforeAnswer = () => {
    throw new MillraceError('WrongChain', { endpoint: 'x', actual: 5, expected: 1 });
  };
  await assert.rejects(session.settle(), { code: 'WrongChain' });
  await session.end();
});

test('an announced head is looked at without waiting for the poll', async () => {
  const node = new TreeNode(root);
  const stop = new AbortController();
  const clock = new StandingClock();
  const logger = pino({ level: 'silent' });
  const steps = follow({
    reader: node.reader(),
    finality: { tag: 'finalized' },
    resume: { finalized: root },
    clock,
    logger,
    signal: stop.signal,
  })[Symbol.asyncIterator]();
  const next = steps.next();
  await clock.rest();
  show(node, aBranch(root, 1));
  const { value } = await next;
  assert.equal(value?.kind, 'new');
  const more = steps.next();
  await clock.rest();
  stop.abort();
  assert.equal((await more).done, true, 'an abort ends the steps without an error');
});

test('only headers are held of unfinalized blocks, and long ways are gone in parts', async () => {
  const { node, session, consumer } = following();
  const branch = aBranch(root, 1500);
  show(node, branch);
  node.finalize(1590);
  let most = 0;
  for (let quiet = 0; quiet < 3; ) {
    quiet = (await session.step()) ? 0 : quiet + 1;
    most = Math.max(most, consumer.head.number - consumer.finalized.number);
  }
  assert.equal(consumer.head.number, 1600);
  assert.equal(consumer.finalized.number, 1590);
  assert.ok(most <= 512, `${most} unfinalized headers at once`);
  await session.end();
});
