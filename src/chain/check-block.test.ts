// Every real block of the shared data passes; every single thing that can be wrong with a block is named with its path.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../errors.ts';
import type { RawLog, RawReceipt, RawTransaction } from './block.ts';
import { hashOf, rawBlock } from './block-tree.fixture.ts';
import { checkBlock, checkHeader } from './check-block.ts';

const context = { endpoint: 'http://node', bytes: 10 };

interface Answers {
  readonly block: {
    readonly hash: string;
    readonly parentHash: string;
    readonly timestamp: string;
    readonly transactions: RawTransaction[];
  };
  readonly receipts: (Omit<RawReceipt, 'logs'> & { readonly logs: RawLog[] })[];
}

/** A good block of three transactions with a log each, free to be spoilt. */
const answers = (): Answers =>
  structuredClone(rawBlock({ number: 7, transactions: ['a', 'b', 'c'] })) as unknown as Answers;

test('a good block comes out as it went in', () => {
  const { block, receipts } = answers();
  const checked = checkBlock(block, receipts, { ...context, asked: 7 });
  assert.deepEqual(checked, {
    number: 7,
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: Number(block.timestamp),
    block,
    receipts,
    bytes: 10,
  });
  assert.equal(checked.block, block, 'nothing is copied');
  assert.equal(checkBlock(block, receipts, { ...context, asked: block.hash }).number, 7);
});

test('receipts in another order are sorted', () => {
  const { block, receipts } = answers();
  const checked = checkBlock(block, [receipts[2], receipts[0], receipts[1]], context);
  assert.deepEqual(checked.receipts, receipts);
});

test('what older forks and other nodes leave out may be missing', () => {
  const { block, receipts } = answers();
  for (const receipt of receipts) delete (receipt as { status?: unknown }).status;
  (block.transactions[0] as { to?: unknown }).to = null;
  delete (block.transactions[1] as { to?: unknown }).to;
  checkBlock(block, receipts, context);
});

/** One way to spoil a block, and what is said about it. */
type Spoil = readonly [says: RegExp, spoil: (answers: Answers) => unknown];

const transaction = (of: Answers, at: number) =>
  of.block.transactions[at] as unknown as Record<string, unknown>;
const receipt = (of: Answers, at: number) => of.receipts[at] as unknown as Record<string, unknown>;
const log = (of: Answers, at: number) => of.receipts[at]?.logs[0] as unknown as Record<string, unknown>;

const spoils: readonly Spoil[] = [
  [/timestamp is missing/, (of) => delete (of.block as { timestamp?: unknown }).timestamp],
  [/hash is "0x12", not 32 bytes/, (of) => Object.assign(of.block, { hash: '0x12' })],
  [/hash is "0xA{64}", not 32 bytes/, (of) => Object.assign(of.block, { hash: `0x${'A'.repeat(64)}` })],
  [/parentHash is null/, (of) => Object.assign(of.block, { parentHash: null })],
  [/number is "0x07", not a quantity/, (of) => Object.assign(of.block, { number: '0x07' })],
  [/gasLimit is 30000000, not a hex quantity/, (of) => Object.assign(of.block, { gasLimit: 30_000_000 })],
  [/miner is "0x1", not 20 bytes/, (of) => Object.assign(of.block, { miner: '0x1' })],
  [/transactions is missing, not a list/, (of) => Object.assign(of.block, { transactions: undefined })],
  [/3 transactions but 2 receipts/, (of) => of.receipts.pop()],
  [/2 transactions but 3 receipts/, (of) => of.block.transactions.pop()],
  [
    /transactions\[1\] is "0x.*not an object/,
    (of) => of.block.transactions.splice(1, 1, hashOf('x') as never),
  ],
  [
    /transactions\[1\]\.value is 5, not a hex quantity/,
    (of) => Object.assign(transaction(of, 1), { value: 5 }),
  ],
  [
    /transactions\[1\]\.value is "0x1f{64}"/,
    (of) => Object.assign(transaction(of, 1), { value: `0x1${'f'.repeat(64)}` }),
  ],
  [/transactions\[2\]\.to is "0xg/, (of) => Object.assign(transaction(of, 2), { to: `0x${'g'.repeat(40)}` })],
  [/transactions\[2\]\.input is "0x123"/, (of) => Object.assign(transaction(of, 2), { input: '0x123' })],
  [/transactions\[0\]\.maxFeePerGas is ""/, (of) => Object.assign(transaction(of, 0), { maxFeePerGas: '' })],
  [
    /transactions\[1\]\.transactionIndex is "0x2"/,
    (of) => Object.assign(transaction(of, 1), { transactionIndex: '0x2' }),
  ],
  [
    /transactions\[1\] says that it is of block "0x7" \("0x/,
    (of) => Object.assign(transaction(of, 1), { blockHash: hashOf('x') }),
  ],
  [
    /transactions\[1\] says that it is of block "0x8"/,
    (of) => Object.assign(transaction(of, 1), { blockNumber: '0x8' }),
  ],
  [/receipts\[0\] is null/, (of) => of.receipts.splice(0, 1, null as never)],
  [
    /two receipts have transactionIndex 1/,
    (of) => Object.assign(receipt(of, 2), { transactionIndex: '0x1' }),
  ],
  [
    /receipts\[2\]\.transactionIndex is "0x3"/,
    (of) => Object.assign(receipt(of, 2), { transactionIndex: '0x3' }),
  ],
  [
    /receipts\[1\]\.transactionHash is .* of another transaction/,
    (of) => Object.assign(receipt(of, 1), { transactionHash: hashOf('x') }),
  ],
  [
    /receipts\[1\] says that it is of block/,
    (of) => Object.assign(receipt(of, 1), { blockHash: hashOf('x') }),
  ],
  [
    /receipts\[1\]\.cumulativeGasUsed is 42001 after 21000/,
    (of) => Object.assign(receipt(of, 1), { cumulativeGasUsed: '0xa411' }),
  ],
  [
    /receipts\[1\]\.cumulativeGasUsed is 100 after 21000/,
    (of) => Object.assign(receipt(of, 1), { cumulativeGasUsed: '0x64' }),
  ],
  [/receipts\[0\] has no gasUsed/, (of) => delete receipt(of, 0).gasUsed],
  [
    /receipts\[0\]\.status is true, not a hex quantity/,
    (of) => Object.assign(receipt(of, 0), { status: true }),
  ],
  [
    /its receipts use 63000 gas, its header says 63001/,
    (of) => Object.assign(of.block, { gasUsed: '0xf619' }),
  ],
  [/receipts\[1\]\.logs is missing/, (of) => delete receipt(of, 1).logs],
  [/receipts\[1\]\.logs\[0\]\.address is/, (of) => Object.assign(log(of, 1), { address: null })],
  [/receipts\[1\]\.logs\[0\]\.topics\[0\] is "0x1"/, (of) => Object.assign(log(of, 1), { topics: ['0x1'] })],
  [
    /receipts\[1\]\.logs\[0\]\.topics is no list/,
    (of) => Object.assign(log(of, 1), { topics: Array(5).fill(hashOf('x')) }),
  ],
  [/receipts\[1\]\.logs\[0\]\.data is "zz"/, (of) => Object.assign(log(of, 1), { data: 'zz' })],
  [/receipts\[1\]\.logs\[0\]\.data is/, (of) => Object.assign(log(of, 1), { data: `0x${'0'.repeat(98)}zz` })],
  [
    /receipts\[1\]\.logs\[0\]\.logIndex is "0x0", not 1/,
    (of) => Object.assign(log(of, 1), { logIndex: '0x0' }),
  ],
  [
    /receipts\[1\]\.logs\[0\]\.transactionHash is/,
    (of) => Object.assign(log(of, 1), { transactionHash: hashOf('x') }),
  ],
  [
    /receipts\[1\]\.logs\[0\]\.transactionIndex is "0x0", not 1/,
    (of) => Object.assign(log(of, 1), { transactionIndex: '0x0' }),
  ],
  [/receipts\[2\]\.logs\[0\]\.logIndex is "0x2", not 1/, (of) => of.receipts[1]?.logs.pop()],
];

for (const [says, spoil] of spoils) {
  test(`refused: ${says.source}`, () => {
    const spoilt = answers();
    spoil(spoilt);
    assert.throws(
      () => checkBlock(spoilt.block, spoilt.receipts, context),
      (error) => {
        assert.ok(isMillraceError(error, 'BlockInconsistent'), String(error));
        assert.match(error.message, says);
        assert.equal(error.fields.endpoint, 'http://node');
        return true;
      },
    );
  });
}

test('another block than the one asked for', () => {
  const { block, receipts } = answers();
  assert.throws(() => checkBlock(block, receipts, { ...context, asked: 8 }), /block 8 .* is block 7/);
  assert.throws(() => checkBlock(block, receipts, { ...context, asked: hashOf('x') }), {
    code: 'BlockInconsistent',
  });
});

test('a header needs no transactions', () => {
  const { hash, parentHash, timestamp } = answers().block;
  assert.deepEqual(checkHeader({ number: '0x7', hash, parentHash, timestamp }, context), {
    number: 7,
    hash,
    parentHash,
    timestamp: Number(timestamp),
  });
  for (const wrong of [null, undefined, 'block', [], 7]) {
    assert.throws(() => checkHeader(wrong, context), { code: 'BlockInconsistent' });
  }
});
