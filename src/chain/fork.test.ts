import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainBlock } from './block.ts';
import { aBlock, aBranch } from './block-tree.fixture.ts';
import { holdChain, holdChainAt } from './fork.ts';
import type { Step } from './step.ts';

const finalized = aBlock({ number: 10 });
const ours = aBranch(finalized, 4, 'ours');
const theirs = aBranch(ours[1] as ChainBlock, 3, 'theirs');
const held = () => holdChain({ finalized, unfinalized: ours, nextSequence: 5 });
const says = (steps: Iterable<Step>) =>
  [...steps].map(({ kind, cursor }) => [
    cursor.sequence,
    kind,
    cursor.block.number,
    cursor.head.number,
    cursor.finalized.number,
  ]);

test('how a reported head stands to the chain held', () => {
  const chain = held();
  const stranger = aBlock({ number: 10, salt: 'stranger' });
  const [first] = aBranch(stranger, 1) as [ChainBlock];
  assert.equal(chain.relationOf(ours[3] as ChainBlock), 'held', 'our head');
  assert.equal(chain.relationOf(ours[0] as ChainBlock), 'held', 'a block before it');
  assert.equal(chain.relationOf(finalized), 'held');
  assert.equal(chain.relationOf(aBlock({ number: 9 })), 'held', 'below what is held nothing can be said');
  assert.equal(chain.relationOf(aBlock({ parent: ours[3] as ChainBlock })), 'next');
  assert.equal(chain.relationOf(theirs[2] as ChainBlock), 'ahead', 'one higher, on another branch');
  assert.equal(chain.relationOf(aBlock({ number: 40 })), 'ahead');
  assert.equal(chain.relationOf(theirs[1] as ChainBlock), 'fork', 'as high');
  assert.equal(chain.relationOf(theirs[0] as ChainBlock), 'fork', 'lower');
  assert.equal(chain.relationOf(stranger), 'contradiction');
  assert.equal(chain.relationOf(first), 'contradiction', 'its parent is');
});

test('a reorg: undo newest first, then new, then final in order; each cursor is the chain after its step', () => {
  const chain = held();
  assert.deepEqual(says(chain.undoTo(12)), [
    [5, 'undo', 14, 13, 10],
    [6, 'undo', 13, 12, 10],
  ]);
  assert.deepEqual(says(theirs.map((block) => chain.append(block))), [
    [7, 'new', 13, 13, 10],
    [8, 'new', 14, 14, 10],
    [9, 'new', 15, 15, 10],
  ]);
  assert.deepEqual(says(chain.finalizeTo(13)), [
    [10, 'final', 11, 15, 11],
    [11, 'final', 12, 15, 12],
    [12, 'final', 13, 15, 13],
  ]);
  assert.deepEqual(chain.finalized, { number: 13, hash: theirs[0]?.hash });
  assert.equal(chain.at(12), undefined, 'below the finalized block nothing is held');
});

test('nothing beyond the ends: no undo of a final block, no final above the head', () => {
  const chain = held();
  assert.equal(says(chain.finalizeTo(12)).length, 2);
  assert.deepEqual(
    says(chain.undoTo(0)).map(([, , number]) => number),
    [14, 13],
  );
  assert.deepEqual(says(chain.finalizeTo(99)), []);
  assert.deepEqual(chain.head, chain.finalized);
});

test('steps that are not taken do not happen', () => {
  const chain = held();
  for (const step of chain.undoTo(10)) {
    assert.equal(step.cursor.head.number, 13);
    break;
  }
  assert.equal(chain.head.number, 13);
  assert.equal(chain.append(aBlock({ parent: ours[2] as ChainBlock, salt: 'x' })).cursor.sequence, 6);
});

test('a block that does not follow the head is refused', () => {
  assert.throws(() => held().append(theirs[0] as ChainBlock), { code: 'CursorInvalid' });
  assert.throws(() => held().append(aBlock({ number: 15 })), { code: 'CursorInvalid' });
});

test('a position goes on only from the headers that belong to it', () => {
  const [step] = held().undoTo(13);
  assert.ok(step);
  const chain = holdChainAt(step.cursor, ours.slice(0, 3));
  assert.equal(chain.append(aBlock({ parent: ours[2] as ChainBlock })).cursor.sequence, 6);
  assert.equal(
    holdChainAt(step.cursor, ours.slice(0, 3), 100).append(ours[3] as ChainBlock).cursor.sequence,
    100,
  );
  for (const wrong of [ours, ours.slice(0, 2), ours.slice(1, 3), [], theirs]) {
    assert.throws(() => holdChainAt(step.cursor, wrong), { code: 'CursorInvalid' });
  }
});
