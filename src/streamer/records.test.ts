import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainBlock } from '../chain/block.ts';
import { valuesTexts } from '../stores/topics/text-bytes.ts';
import { blockColumns, logColumns, transactionColumns } from '../stores/transaction-log/columns.ts';
import { blockRow, decimal, encodeBlock, logRows, transactionRows } from './records.ts';

const hash = `0x${'ab'.repeat(32)}`;
const address = `0x${'cd'.repeat(20)}`;

function aBlock(
  transaction: Record<string, unknown> = {},
  receipt: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): ChainBlock {
  return {
    number: 16,
    hash,
    parentHash: hash,
    timestamp: 1_689_269_891,
    bytes: 0,
    block: {
      number: '0x10',
      hash,
      parentHash: hash,
      timestamp: '0x64b03683',
      gasUsed: '0x5208',
      gasLimit: '0x7fffffffffffffff',
      baseFeePerGas: '0x1',
      ...header,
      transactions: [
        {
          hash,
          blockHash: hash,
          blockNumber: '0x10',
          transactionIndex: '0x0',
          from: address,
          to: null,
          nonce: '0x0',
          gas: '0x5208',
          gasPrice: '0x3b9aca00',
          value: '0xffffffffffffffffffffffffffffffff',
          input: '0x',
          type: '0x0',
          v: '0x25',
          r: '0x1',
          s: '0x2',
          ...transaction,
        },
      ],
    },
    receipts: [
      {
        transactionHash: hash,
        transactionIndex: '0x0',
        blockHash: hash,
        blockNumber: '0x10',
        cumulativeGasUsed: '0x5208',
        gasUsed: '0x5208',
        contractAddress: address,
        logsBloom: '0x',
        status: '0x1',
        logs: [
          {
            address,
            topics: [hash, hash],
            data: '0x01',
            logIndex: '0x0',
            transactionHash: hash,
            transactionIndex: '0x0',
            blockHash: hash,
            blockNumber: '0x10',
            removed: false,
          },
        ],
        ...receipt,
      },
    ],
  };
}

test('hex of any size becomes exact decimal text', () => {
  assert.equal(decimal('0x0'), '0');
  assert.equal(decimal('0x1fffffffffffff'), '9007199254740991');
  assert.equal(decimal('0x20000000000001'), '9007199254740993');
  assert.equal(
    decimal(`0x${'f'.repeat(64)}`),
    '115792089237316195423570985008687907853269984665640564039457584007913129639935',
  );
});

test('every column that a row has is one of the log, and every value has the column’s form', () => {
  const block = aBlock();
  const tables = [
    [blockColumns, [blockRow(block)]],
    [transactionColumns, transactionRows(block)],
    [logColumns, logRows(block)],
  ] as const;
  for (const [columns, rows] of tables) {
    for (const [name, value] of Object.entries(rows[0] ?? {})) {
      const column = columns.find((candidate) => candidate.name === name);
      assert.ok(column, `no column ${name}`);
      assert.equal(
        typeof value,
        column.type === 'int' || column.type === 'timestamp' ? 'number' : 'string',
        name,
      );
    }
  }
});

test('a transaction carries its receipt; creations have no to_address; signatures stay on the chain', () => {
  const [row] = transactionRows(aBlock());
  assert.equal(row?.value, '340282366920938463463374607431768211455');
  assert.equal(row?.to_address, undefined);
  assert.equal(row?.receipt_contract_address, address);
  assert.equal(row?.receipt_status, 1);
  assert.equal(row?.extra, undefined);
  assert.equal('r' in (row ?? {}), false);
});

test('before London the price paid is the gas price', () => {
  assert.equal(transactionRows(aBlock())[0]?.receipt_effective_gas_price, '1000000000');
  assert.equal(
    transactionRows(aBlock({}, { effectiveGasPrice: '0x2' }))[0]?.receipt_effective_gas_price,
    '2',
  );
});

test('fields of forks to come are kept raw, in their place', () => {
  const [row] = transactionRows(aBlock({ quantumSignature: '0x99', accessList: [] }, { l1Fee: '0x7' }));
  assert.deepEqual(JSON.parse(String(row?.extra)), { quantumSignature: '0x99', receipt: { l1Fee: '0x7' } });
  assert.deepEqual(JSON.parse(String(blockRow(aBlock({}, {}, { slotNumber: '0x5' })).extra)), {
    slotNumber: '0x5',
  });
});

test('blocks count what they hold', () => {
  const row = blockRow(aBlock());
  assert.equal(row.transaction_count, 1);
  assert.equal(row.log_count, 1);
  assert.equal(row.gas_limit, '9223372036854775807');
});

test('without logs a block counts none, so that what the log holds of it is still whole', () => {
  const { block, transactions, logs } = encodeBlock(aBlock(), { logs: false });
  const [row] = valuesTexts(block).map((text) => JSON.parse(text) as Record<string, unknown>);
  assert.equal(row?.log_count, 0);
  assert.equal(transactions.length, 1);
  assert.equal(logs.length, 0);
});

test('data that a node did not keep to hex is still valid JSON, byte for byte', () => {
  const odd = '0x"\\\n\u0000é✓𐍈';
  const [row] = transactionRows(aBlock({ input: `${odd}${'0'.repeat(80)}` }));
  assert.equal(row?.input, `${odd}${'0'.repeat(80)}`);
});

test('logs have their topics one by one', () => {
  const [log] = logRows(aBlock());
  assert.equal(log?.topic1, hash);
  assert.equal(log?.topic2, undefined);
  assert.equal(log?.block_timestamp, 1_689_269_891);
});

test('a block that fails in the middle leaves nothing behind in the next', () => {
  const good = encodeBlock(aBlock());
  const unusable = aBlock({ value: { toString: () => 'no quantity' } });
  assert.throws(() => encodeBlock(unusable));
  assert.throws(() => transactionRows(unusable));
  const next = encodeBlock(aBlock());
  assert.deepEqual(valuesTexts(next.block), valuesTexts(good.block));
  assert.deepEqual(valuesTexts(next.transactions), valuesTexts(good.transactions));
});
