// What only this log does: rows that end by themselves, several writers on several connections, eras, hot addresses.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { types } from 'cassandra-driver';
import { systemClock } from '../../../clock.ts';
import type { LogTable, TransactionRow } from '../columns.ts';
import { covered, expectSeen, expectUnseen, hasCode, nameOf } from '../contract-place.ts';
import { aBlock, aChain, madeAddress, writeBlock, writeRows } from '../made-blocks.ts';
import type { FinalBlock, LogScan, TransactionLog } from '../port.ts';
import { openCassandraLog } from './open.ts';
import { tables } from './schema.ts';
import { dropKeyspaces, logOptions, newKeyspace, session } from './servers.fixture.ts';

after(dropKeyspaces);

const HOUR_MS = 3_600_000;
const AFTER_FINAL = types.Long.fromString('9000000000000000000');

describe('Cassandra: rows end by themselves', () => {
  const keyspace = newKeyspace();
  let log: TransactionLog;
  before(async () => {
    log = await openCassandraLog({ ...logOptions, keyspace, retention: HOUR_MS });
  });
  after(() => log.close());

  test('each row lives until its block is as old as the retention', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const [gone, soon, late] = [now - 3_600, now - 3_600 + 4, now - 60].map((time, at) =>
      blockAt(time, at + 1),
    );
    await log.appendFinal([gone, soon, late].filter((made) => made !== undefined));
    await log.flush();
    assert.ok(gone && soon && late);
    await expectUnseen(log, gone);
    for (const table of ['blocks', 'transactions', 'logs', 'transactions_by_hash'] as const) {
      const key = tables[table].key.partition[0] as string;
      const rows = await session.read(`SELECT ${key} AS key FROM ${keyspace}.${table}`);
      assert.ok(rows.length > 0);
      assert.ok(
        !rows.some((row) => `0x${row.key.toString('hex')}` === gone.block.hash),
        `nothing in ${table}`,
      );
    }
    await expectSeen(log, soon, 'final');
    assert.deepEqual(
      (await log.coverage()).map(({ from, to }) => [from, to]),
      [[2, 3]],
    );

    const [written] = await session.read(
      `SELECT TTL(receipt_status) AS ttl, WRITETIME(receipt_status) AS time FROM ${keyspace}.transactions WHERE block_hash = ? LIMIT 1`,
      [Buffer.from(late.block.hash.slice(2), 'hex')],
    );
    assert.ok(written?.ttl > 3_480 && written?.ttl <= 3_540, `${written?.ttl} s are left`);
    assert.equal(written?.time.toNumber(), late.block.timestamp * 1e6, 'the row is as old as its block');

    await systemClock.sleep(6_000);
    await expectUnseen(log, soon);
    await expectSeen(log, late, 'final');
    assert.deepEqual(
      (await log.coverage()).map(({ from, to }) => [from, to]),
      [[3, 3]],
    );
    assert.equal((await log.bounds())?.oldest.number, 3);
    assert.equal(await log.expire(now), 0);
  });

  test('a reader with a shorter retention sees less, and a block too old is not written at all', async () => {
    const now = Math.floor(Date.now() / 1_000);
    await log.appendFinal([blockAt(now - 1_800, 10), blockAt(now - 10, 11)]);
    await log.flush();
    const reader = await openCassandraLog({ ...logOptions, keyspace, retention: HOUR_MS / 4, create: false });
    try {
      assert.equal(await reader.block(10), undefined);
      assert.ok(await reader.block(11));
      assert.deepEqual(
        (await reader.coverage()).map(({ from, to }) => [from, to]),
        [
          [3, 3],
          [11, 11],
        ],
      );
    } finally {
      await reader.close();
    }
    const old = blockAt(now - 7_200, 12);
    await writeRows(log, old);
    await assert.rejects(
      log.setCanonical({ ...nameOf(old), state: 'new', sequence: 5 }),
      hasCode('RowsMissing'),
    );
    const [row] = await session.read(`SELECT hash FROM ${keyspace}.blocks WHERE hash = ?`, [
      Buffer.from(old.block.hash.slice(2), 'hex'),
    ]);
    assert.equal(row, undefined);
  });

  test('rows that end between the beginning of a scan and their turn fail it, where a time was asked for', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const made = blockAt(now - 600, 30);
    const ending = blockAt(now - 3_600 + 8, 29);
    await log.appendFinal([ending, made]);
    await log.flush();
    const scanOf = ({ block }: FinalBlock) =>
      log.scan({ time: { from: block.timestamp, to: block.timestamp + 1 }, provisional: false });
    const scans = [await scanOf(made), await scanOf(ending)];
    const everything = await log.scan({ provisional: false });
    const read = async (scan: LogScan | undefined, table: LogTable) => {
      let count = 0;
      for await (const rows of scan?.rows(table, ['block_hash']) ?? []) count += rows.length;
      return count;
    };
    await session.read(
      `DELETE FROM ${keyspace}.transactions USING TIMESTAMP ${AFTER_FINAL} WHERE block_hash = ?`,
      [Buffer.from(ending.block.hash.slice(2), 'hex')],
    );
    assert.equal(await read(scans[0], 'transactions'), 2);
    await assert.rejects(read(scans[1], 'transactions'), hasCode('RowsMissing'));
    await systemClock.sleep(4_000);
    assert.ok((await read(everything, 'transactions')) >= 2);
    await session.read(
      `DELETE FROM ${keyspace}.transactions USING TIMESTAMP ${AFTER_FINAL} WHERE block_hash = ?`,
      [Buffer.from(made.block.hash.slice(2), 'hex')],
    );
    await assert.rejects(read(everything, 'transactions'), hasCode('RowsMissing'));
    for (const scan of [...scans, everything]) await scan.release();
  });
});

describe('Cassandra: several writers', () => {
  const keyspace = newKeyspace();
  let logs: readonly TransactionLog[];
  before(async () => {
    logs = [
      await openCassandraLog({ ...logOptions, keyspace }),
      await openCassandraLog({ ...logOptions, keyspace }),
    ];
  });
  after(() => Promise.all(logs.map((log) => log.close())));

  test('history side by side is covered together, also for who looked before', async () => {
    const [one, two] = logs as [TransactionLog, TransactionLog];
    const chain = aChain(1, 40);
    assert.deepEqual(await two.coverage(), []);
    await Promise.all([one.appendFinal(chain.slice(0, 25)), two.appendFinal(chain.slice(20))]);
    await one.flush();
    assert.deepEqual(await two.coverage(), [covered(1, 25)], 'rows without a flush cover nothing');
    await two.flush();
    for (const log of logs) assert.deepEqual(await log.coverage(), [covered(1, 40)]);
    assert.equal((await one.size()).transactions, 80);
  });

  test('two owners of `blocks` at once, and one that wakes up late', async () => {
    const [owner, late] = logs as [TransactionLog, TransactionLog];
    const a = aBlock({ number: 50, fork: 'a' });
    const b = aBlock({ number: 50, fork: 'b' });
    const told = async (log: TransactionLog) => {
      await writeBlock(log, a, 'new', 1);
      await writeBlock(log, a, 'undone', 2);
      await writeBlock(log, b, 'new', 3);
    };
    await Promise.all(logs.map(told));
    await expectSeen(owner, b, 'new');
    await writeBlock(owner, b, 'final', 4);
    await told(late);
    await late.setCanonical({ ...nameOf(b), state: 'undone', sequence: 9 });
    await expectSeen(owner, b, 'final');
    await expectUnseen(late, a);
    await assert.rejects(writeBlock(late, a, 'final', 10), hasCode('FinalizedContradiction'));
    await assert.rejects(late.appendFinal([a]), hasCode('FinalizedContradiction'));
    await expectSeen(late, b, 'final');
  });

  test('a contradiction that both appended is refused to the second who flushes', async () => {
    const [one, two] = logs as [TransactionLog, TransactionLog];
    const a = aBlock({ number: 60, fork: 'a' });
    const b = aBlock({ number: 60, fork: 'b' });
    await Promise.all([one.appendFinal([a]), two.appendFinal([b])]);
    await one.flush();
    await assert.rejects(two.flush(), hasCode('FinalizedContradiction'));
    await two.flush();
    await expectSeen(two, a, 'final');
  });
});

describe('Cassandra: eras', () => {
  const keyspace = newKeyspace();
  const chain: readonly FinalBlock[] = Array.from({ length: 2_500 }, (_, at) =>
    aBlock({ number: 500 + at, transactions: at % 100 === 0 ? 1 : 0 }),
  );
  let log: TransactionLog;
  before(async () => {
    log = await openCassandraLog({ ...logOptions, keyspace });
  });
  after(() => log.close());

  test('an era whose blocks are all final is summed up, and read once', async () => {
    await log.appendFinal(chain);
    await log.flush();
    const sums = async () => {
      const rows = await session.read(`SELECT era, last_hash FROM ${keyspace}.eras WHERE span = 0`);
      return rows.filter((row) => row.last_hash !== null).map((row) => row.era.toNumber());
    };
    assert.deepEqual(await sums(), [1, 2], 'era 0 begins in its middle');
    assert.deepEqual(await log.coverage(), [covered(500, 2_999)]);

    const reader = await openCassandraLog({ ...logOptions, keyspace, create: false });
    try {
      assert.deepEqual(await reader.coverage(), [covered(500, 2_999)]);
      // What is gone now was not read again: only the sums say that era 1 is covered.
      await session.write(
        [{ query: `DELETE FROM ${keyspace}.canonical WHERE era = 1`, params: [] }],
        AFTER_FINAL,
      );
      assert.deepEqual(await reader.coverage(), [covered(500, 2_999)]);
      const { blocks, transactions } = await reader.size();
      assert.deepEqual({ blocks, transactions }, { blocks: 2_500, transactions: 25 });
    } finally {
      await reader.close();
    }
  });
});

describe('Cassandra: addresses', () => {
  test('pages go on from bucket to bucket, whoever wrote them', async () => {
    const keyspace = newKeyspace();
    const logs = [
      await openCassandraLog({ ...logOptions, keyspace }),
      await openCassandraLog({ ...logOptions, keyspace }),
    ];
    const address = madeAddress('busy');
    const WEEK_BLOCKS = 50_400;
    try {
      // Nine weeks, of which some have many transactions of the address and some have one.
      const chain = Array.from({ length: 9 }, (_, week) => {
        const made = aBlock({ number: 1 + week * WEEK_BLOCKS, transactions: week % 3 === 0 ? 7 : 1 });
        const own: readonly TransactionRow[] = made.transactions.map((row) => ({
          ...row,
          from_address: address,
        }));
        return { ...made, transactions: own };
      });
      const undone = aBlock({ number: 2 + 8 * WEEK_BLOCKS, fork: 'x' });
      for (const [at, made] of chain.entries())
        await writeBlock(logs[at % 2] as TransactionLog, made, 'final', at + 1);
      await writeBlock(logs[0] as TransactionLog, undone, 'new', 50);
      await (logs[0] as TransactionLog).setCanonical({ ...nameOf(undone), state: 'undone', sequence: 51 });
      const expected = chain.flatMap((made) => made.transactions.map(({ hash }) => hash)).reverse();
      const buckets = await session.read(`SELECT bucket FROM ${keyspace}.address_buckets WHERE address = ?`, [
        Buffer.from(address.slice(2), 'hex'),
      ]);
      assert.equal(buckets.length, 9);
      for (const limit of [1, 2, 5, 7, 100]) {
        const hashes: string[] = [];
        for (let last: TransactionRow | undefined; ; ) {
          const page = await (logs[1] as TransactionLog).transactionsOfAddress(
            address,
            last
              ? {
                  limit,
                  before: {
                    block_number: last.block_number,
                    transaction_index: Number(last.transaction_index),
                  },
                }
              : { limit },
          );
          hashes.push(...page.map(({ hash }) => hash));
          last = page.at(-1);
          if (last === undefined || page.length < limit) break;
        }
        assert.deepEqual(hashes, expected, `by ${limit}`);
      }
    } finally {
      await Promise.all(logs.map((log) => log.close()));
    }
  });
});

/** A block of this time. */
function blockAt(time: number, number: number): FinalBlock {
  const { block, transactions, logs } = aBlock({ number, transactions: 2 });
  const stamp = { block_timestamp: time };
  return {
    block: { ...block, timestamp: time },
    transactions: transactions.map((row) => ({ ...row, ...stamp })),
    logs: logs.map((row) => ({ ...row, ...stamp })),
  };
}
