import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawBlock, RawReceipt, RawTransaction } from '../block.ts';
import { readBlocks, runFiles, shapeFiles } from '../replay/mainnet.fixture.ts';
import { verifyBlock } from './verify-block.ts';

test('real blocks of every shape prove themselves, senders included', async () => {
  const types = new Set<unknown>();
  const laterFields = new Set<string>();
  for (const { block, receipts } of await readBlocks(shapeFiles)) {
    assert.deepEqual(verifyBlock(block, receipts ? { receipts } : {}), []);
    for (const transaction of block.transactions) types.add(transaction.type);
    for (const field of ['baseFeePerGas', 'withdrawalsRoot', 'blobGasUsed', 'requestsHash'])
      if (block[field] !== undefined) laterFields.add(field);
    if (receipts?.[0]?.root) laterFields.add('root');
    if (block.transactions.length === 0) laterFields.add('empty');
  }
  assert.deepEqual([...types].sort(), ['0x0', '0x1', '0x2', '0x3', '0x4']);
  assert.deepEqual([...laterFields].sort(), [
    'baseFeePerGas',
    'blobGasUsed',
    'empty',
    'requestsHash',
    'root',
    'withdrawalsRoot',
  ]);
});

test('a run of larger blocks proves itself: tries of more than 256 values', async () => {
  let largest = 0;
  for (const { block, receipts = [] } of await readBlocks(runFiles)) {
    assert.deepEqual(verifyBlock(block, { receipts, senders: false }), []);
    largest = Math.max(largest, block.transactions.length);
  }
  assert.ok(largest > 256, `the largest block has ${largest}`);
});

test('whatever is changed in a block or its receipts is found', async () => {
  const blocks = await readBlocks(shapeFiles);
  const cancun = blocks.find(({ block }) => Number(block.number) === 20066032);
  assert.ok(cancun?.receipts);
  const { block, receipts } = cancun;
  const changed: readonly (readonly [what: string, block: RawBlock, receipts: readonly RawReceipt[]])[] = [
    ['hash', { ...block, extraData: '0x00' }, receipts],
    ['hash', { ...block, blobGasUsed: '0x1' }, receipts],
    ['size', { ...block, size: '0x1' }, receipts],
    ['withdrawalsRoot', { ...block, withdrawals: [] }, receipts],
    ['transactionsRoot', { ...block, transactions: block.transactions.slice(1) }, receipts],
    ['transaction 0 hash', withTransaction(block, { nonce: '0x7' }), receipts],
    ['transaction 0 from', withTransaction(block, { from: `0x${'11'.repeat(20)}` }), receipts],
    ['transaction 0 blockNumber', withTransaction(block, { blockNumber: '0x1' }), receipts],
    ['receiptsRoot', block, withReceipt(receipts, { status: '0x0' })],
    ['receipt 0 cumulativeGasUsed', block, withReceipt(receipts, { gasUsed: '0x1' })],
    ['receipt 0 logsBloom', block, withReceipt(receipts, { logsBloom: `0x${'01'.repeat(256)}` })],
    ['receipt 0 transactionIndex', block, withReceipt(receipts, { transactionIndex: '0x5' })],
    ['number of receipts', block, receipts.slice(1)],
    ['logsBloom', block, receipts.map((receipt) => ({ ...receipt, logs: [] }))],
  ];
  for (const [what, changedBlock, changedReceipts] of changed) {
    const senders = what.endsWith('from');
    const problems = verifyBlock(changedBlock, { receipts: changedReceipts, senders });
    assert.ok(
      problems.some((problem) => problem.startsWith(`block 20066032: ${what} is`)),
      `${what}: ${JSON.stringify(problems.slice(0, 3))}`,
    );
  }
});

function withTransaction(block: RawBlock, change: Partial<RawTransaction>): RawBlock {
  const [first, ...others] = block.transactions;
  return { ...block, transactions: [{ ...first, ...change } as RawTransaction, ...others] };
}

function withReceipt(receipts: readonly RawReceipt[], change: Partial<RawReceipt>): readonly RawReceipt[] {
  const [first, ...others] = receipts;
  return [{ ...first, ...change } as RawReceipt, ...others];
}
