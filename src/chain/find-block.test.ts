import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainBlock } from './block.ts';
import { aBlock, aBranch, TreeNode } from './block-tree.fixture.ts';
import { resolveStart, type Start } from './find-block.ts';

/** Blocks 100..150, 12 s apart, 140 finalized: a node whose history begins later than 0. */
const root = aBlock({ number: 100 });
const branch = aBranch(root, 50);
const node = new TreeNode(root);
node.add(...branch);
node.show(branch.at(-1) as ChainBlock);
node.finalize(140);
const timeOf = (number: number) => (node.byNumber(number) as ChainBlock).timestamp;
const finalized = node.byNumber(140) as ChainBlock;
const now = timeOf(150) + 5;
const signal = new AbortController().signal;
const resolve = (start: Start) => resolveStart({ reader: node.reader(), start, now, finalized, signal });

test('names and numbers', async () => {
  assert.equal(await resolve('earliest'), 100);
  assert.equal(await resolve('latest'), 141);
  assert.equal(await resolve(100), 100);
  assert.equal(await resolve(123), 123);
  assert.equal(await resolve(145), 141, 'what is not final yet is followed live anyway');
});

test('a date or an age is the first block that is not before it', async () => {
  for (let number = 100; number <= 140; number += 1) {
    assert.equal(await resolve({ date: timeOf(number) }), number);
    assert.equal(await resolve({ date: timeOf(number) + 1 }), number + 1);
    assert.equal(await resolve({ age: now - timeOf(number) }), number);
  }
  assert.equal(await resolve({ date: 0 }), 100, 'before the first block');
  assert.equal(await resolve({ age: 1 }), 141, 'after the finalized block');
});

test('what cannot be is refused', async () => {
  await assert.rejects(resolve(99), { code: 'StartUnknown', message: /history begins at 100/ });
  await assert.rejects(resolve(151), { code: 'StartUnknown', message: /only at 150/ });
  await assert.rejects(resolve({ date: now + 60 }), { code: 'StartUnknown', message: /in the future/ });
});

test('a gap between the genesis block and the history that a node keeps', async () => {
  const reader = node.reader();
  const pruned = {
    ...reader,
    header: async (...[at, within]: Parameters<typeof reader.header>) =>
      typeof at === 'number' && at > 100 && at < 120 ? undefined : reader.header(at, within),
  };
  const start = { date: timeOf(110) };
  assert.equal(await resolveStart({ reader: pruned, start, now, finalized, signal }), 120);
});
