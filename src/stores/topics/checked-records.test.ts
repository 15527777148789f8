import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aBlock } from '../transaction-log/made-blocks.ts';
import { checkedBlock, checkedRecord } from './checked-records.ts';
import {
  finalBatches,
  historyBatches,
  newBlockBatches,
  pipelineTopics,
  undoBatches,
} from './pipeline-topics.ts';
import type { RecordBatch, StoredBatch } from './port.ts';
import { valuesTexts } from './text-bytes.ts';

const names = pipelineTopics('test');
const made = aBlock({ number: 7 });
const ref = { number: 7, hash: made.block.hash };
const cursor = { sequence: 3, block: ref, head: ref, finalized: { number: 1, hash: `0x${'1'.repeat(64)}` } };
const place = { partition: 0, offset: 0, next: 1, bytes: 1, publishedAt: 0 };
const stored = (batch: RecordBatch | undefined): StoredBatch => {
  assert.ok(batch);
  return { ...batch, ...place, values: valuesTexts(batch.values) };
};

const [transactions, logs, block] = newBlockBatches(names, made, { ...cursor, step: 'new' }).map(stored);
const { number, hash, parent_hash, timestamp } = made.block;
const mark = { number, hash, parent_hash, timestamp };
const undo = undoBatches(names, mark, { ...cursor, step: 'undo' }).map(stored);
const final = finalBatches(names, mark, { ...cursor, step: 'final' }).map(stored);

test('what the streamer publishes passes, with its rows', () => {
  const ours = [transactions, logs, block, ...undo, ...final, ...historyBatches(names, made).map(stored)];
  for (const batch of ours) {
    const checked = checkedRecord(stored(batch));
    assert.ok('facts' in checked, JSON.stringify(checked));
    assert.equal(checked.rows.length, batch?.values.length);
  }
  for (const batch of [block, undo[2], final[0]]) {
    const checked = checkedBlock(stored(batch));
    assert.ok('facts' in checked && checked.row.hash === made.block.hash);
  }
});

test('each way of being foreign has its reason', () => {
  const row = made.transactions[0];
  const withRow = (change: object) => ({
    ...stored(transactions),
    values: [JSON.stringify({ ...row, ...change })],
  });
  const withHeader = (change: Record<string, string>) => ({
    ...stored(transactions),
    headers: { ...stored(transactions).headers, ...change },
  });
  const foreign: readonly (readonly [StoredBatch, RegExp])[] = [
    [{ ...stored(transactions), headers: {} }, /headers/],
    [withHeader({ schema: 'millrace.transaction/2' }), /headers/],
    [withHeader({ step: 'maybe' }), /headers/],
    [withHeader({ step: 'undo' }), /headers/],
    [withHeader({ block_hash: '0xab' }), /headers/],
    [withHeader({ cursor: 'nowhere' }), /headers/],
    [{ ...stored(transactions), values: ['{"hash":'] }, /no JSON/],
    [{ ...stored(transactions), values: [''] }, /not one JSON object/],
    [{ ...stored(transactions), values: ['{"a":[1', '2]}'] }, /not one JSON object/],
    [{ ...stored(transactions), values: ['{},{}', '{}'] }, /not one JSON object/],
    [{ ...stored(transactions), values: ['null'] }, /no JSON object/],
    [withRow({ hash: undefined }), /without hash/],
    [withRow({ hash: '0x1' }), /proper hash/],
    [withRow({ block_hash: `0x${'0'.repeat(64)}` }), /another block/],
    [withRow({ block_number: '7' }), /block_number/],
    [withRow({ value: 12 }), /value/],
    [withRow({ value: '0x12' }), /value/],
    [withRow({ input: { a: 1 } }), /input/],
  ];
  for (const [batch, reason] of foreign) {
    const checked = checkedRecord(batch);
    assert.ok('foreign' in checked, `${reason}`);
    assert.match(checked.foreign, reason);
  }
  assert.ok('foreign' in checkedBlock(stored(transactions)));
  const marker = { ...stored(block), values: stored(undo[2]).values };
  assert.ok('foreign' in checkedBlock(marker), 'a new block is its whole row');
});

test('no value and no headers make it throw', () => {
  const headers = fc.dictionary(
    fc.constantFrom('schema', 'step', 'block_hash', 'cursor'),
    fc.oneof(fc.string(), fc.constantFrom('millrace.block/1', 'new', 'final', made.block.hash)),
  );
  const values = fc.array(fc.oneof(fc.string(), fc.json()), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(headers, values, fc.boolean(), (of, texts, ours) => {
      const batch = { ...stored(block), headers: ours ? stored(block).headers : of, values: texts };
      assert.ok('foreign' in checkedBlock(batch));
    }),
    { numRuns: 500 },
  );
});
