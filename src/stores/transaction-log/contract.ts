// What every transaction log must do, whatever it is built on. `make` gives a place that is empty; opening it again
// gives the same data.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import { type LogRow, type LogTable, type Row, type TransactionRow, tableColumns } from './columns.ts';
import { aBlock, aChain, madeAddress, madeHash, madeTime, writeBlock, writeRows } from './made-blocks.ts';
import { mainnetBlocks } from './mainnet-blocks.ts';
import type { FinalBlock, LogScan, TransactionLog, TransactionPosition } from './port.ts';
import { transferValue } from './transfer-value.ts';

/** Each test has a place of its own, and mostly waits for its disk. */
const together = { concurrency: 4 };

export interface LogPlace {
  open(): Promise<TransactionLog>;
  remove(): Promise<void>;
}

export function transactionLogContract(name: string, make: () => Promise<LogPlace>): void {
  const withLog = (title: string, work: (log: TransactionLog, place: LogPlace) => Promise<void>) =>
    test(title, async () => {
      const place = await make();
      const log = await place.open();
      try {
        await work(log, place);
      } finally {
        await log.close();
        await place.remove();
      }
    });

  describe(`${name}: where blocks stand`, together, () => {
    withLog('a block is seen once it is new, and stays seen once it is final', async (log) => {
      const made = aBlock({ number: 7 });
      await writeRows(log, made);
      assert.equal(await log.block(7), undefined, 'rows alone make nothing canonical');
      await log.setCanonical({ ...nameOf(made), state: 'new', sequence: 1 });
      await expectSeen(log, made, 'new');
      await log.setCanonical({ ...nameOf(made), state: 'final', sequence: 2 });
      await expectSeen(log, made, 'final');
    });

    withLog('writing again writes the same, also by two writers at once', async (log) => {
      const chain = aChain(1, 5);
      const twice = async () => {
        for (const [at, made] of chain.entries()) await writeBlock(log, made, 'new', at + 1);
      };
      await Promise.all([twice(), twice()]);
      await twice();
      const { blocks, transactions, logs } = await log.size();
      assert.deepEqual({ blocks, transactions, logs }, { blocks: 5, transactions: 10, logs: 10 });
      for (const made of chain) await expectSeen(log, made, 'new');
    });

    withLog('nothing becomes canonical before all of its rows are there', async (log) => {
      const made = aBlock({ number: 3, transactions: 4 });
      const standsNew = () => log.setCanonical({ ...nameOf(made), state: 'new', sequence: 1 });
      await assert.rejects(standsNew(), hasCode('RowsMissing'));
      await log.writeBlock(made.block);
      await log.writeTransactions(made.block, made.transactions);
      await assert.rejects(standsNew(), hasCode('RowsMissing'));
      await log.writeLogs(made.block, made.logs.slice(1));
      await assert.rejects(standsNew(), hasCode('RowsMissing'));
      assert.equal(await log.block(3), undefined);
      await log.writeLogs(made.block, made.logs);
      await standsNew();
      await expectSeen(log, made, 'new');
    });

    withLog('an undone block is not seen, a redone one is', async (log) => {
      const a = aBlock({ number: 2, fork: 'a' });
      const b = aBlock({ number: 2, fork: 'b' });
      await writeBlock(log, a, 'new', 1);
      await log.setCanonical({ ...nameOf(a), state: 'undone', sequence: 2 });
      await expectUnseen(log, a);
      await writeBlock(log, b, 'new', 3);
      await expectSeen(log, b, 'new');
      await expectUnseen(log, a);
      await log.setCanonical({ ...nameOf(b), state: 'undone', sequence: 4 });
      await log.setCanonical({ ...nameOf(a), state: 'new', sequence: 5 });
      await expectSeen(log, a, 'new');
      await expectUnseen(log, b);
    });

    withLog('the greatest sequence decides, in whatever order entries arrive', async (log) => {
      const a = aBlock({ number: 2, fork: 'a' });
      const b = aBlock({ number: 2, fork: 'b' });
      await Promise.all([writeRows(log, a), writeRows(log, b)]);
      const entries = [
        { ...nameOf(a), state: 'new', sequence: 1 },
        { ...nameOf(a), state: 'undone', sequence: 2 },
        { ...nameOf(b), state: 'new', sequence: 3 },
      ] as const;
      await Promise.all(entries.toReversed().map((entry) => log.setCanonical(entry)));
      await expectSeen(log, b, 'new');
      // A writer that wakes up late repeats what it knew.
      for (const entry of entries.slice(0, 2)) await log.setCanonical(entry);
      await expectSeen(log, b, 'new');
      await expectUnseen(log, a);
    });

    withLog('nothing replaces a final block', async (log) => {
      const a = aBlock({ number: 2, fork: 'a' });
      const b = aBlock({ number: 2, fork: 'b' });
      await writeBlock(log, a, 'final', 1);
      await log.setCanonical({ ...nameOf(a), state: 'undone', sequence: 9 });
      await writeBlock(log, b, 'new', 10);
      await log.setCanonical({ ...nameOf(a), state: 'final', sequence: 11 });
      await expectSeen(log, a, 'final');
      await expectUnseen(log, b);
      await assert.rejects(writeBlock(log, b, 'final', 12), (error: unknown) => {
        assert.ok(isMillraceError(error, 'FinalizedContradiction'));
        assert.deepEqual(error.fields, { number: 2, recorded: a.block.hash, offered: b.block.hash });
        return true;
      });
      await expectSeen(log, a, 'final');
    });

    withLog('a value that does not fit is named, and nothing of its block is stored', async (log) => {
      const made = aBlock({ number: 1 });
      const bad = {
        ...made,
        transactions: made.transactions.map((row) => ({ ...row, value: '9'.repeat(39) })),
      };
      await assert.rejects(log.writeTransactions(bad.block, bad.transactions), (error: unknown) => {
        assert.ok(isMillraceError(error, 'ValueOutOfRange'));
        assert.equal(error.fields.column, 'transactions.value');
        return true;
      });
      await assert.rejects(log.appendFinal([bad]), hasCode('ValueOutOfRange'));
      await log.flush();
      assert.equal(log.bufferedBytes(), 0);
      assert.equal((await log.size()).blocks, 0);
      assert.deepEqual(await log.coverage(), []);
    });
  });

  describe(`${name}: history and coverage`, together, () => {
    withLog('appended blocks are covered once they are flushed, and again is the same', async (log) => {
      const chain = aChain(10, 29);
      await log.appendFinal(chain.slice(0, 12));
      await log.appendFinal(chain.slice(8));
      await log.flush();
      assert.equal(log.bufferedBytes(), 0);
      await log.appendFinal(chain);
      await log.flush();
      assert.deepEqual(await log.coverage(), [covered(10, 29)]);
      const { blocks, transactions } = await log.size();
      assert.deepEqual({ blocks, transactions }, { blocks: 20, transactions: 40 });
      for (const made of chain) await expectSeen(log, made, 'final');
    });

    withLog('coverage keeps gaps, and joins when they are filled', async (log) => {
      const chain = aChain(1, 30);
      await log.appendFinal(chain.slice(20, 30));
      await log.flush();
      await log.appendFinal([...chain.slice(0, 5), ...chain.slice(10, 15)]);
      await log.flush();
      assert.deepEqual(await log.coverage(), [covered(1, 5), covered(11, 15), covered(21, 30)]);
      for (const [at, made] of chain.slice(15, 20).entries()) await writeBlock(log, made, 'new', at + 1);
      assert.equal((await log.coverage()).length, 3, 'new blocks cover nothing');
      for (const [at, made] of chain.slice(15, 20).entries()) {
        await log.setCanonical({ ...nameOf(made), state: 'final', sequence: 10 + at });
      }
      assert.deepEqual(await log.coverage(), [covered(1, 5), covered(11, 30)]);
      await log.appendFinal(chain.slice(4, 12));
      await log.flush();
      assert.deepEqual(await log.coverage(), [covered(1, 30)]);
    });

    withLog('neighbours that are not parent and child are not one run', async (log) => {
      await log.appendFinal([aBlock({ number: 1 }), aBlock({ number: 2, fork: 'other' })]);
      await log.flush();
      assert.deepEqual(await log.coverage(), [covered(1, 1), covered(2, 2)]);
    });

    withLog('history and live may hold the same blocks', async (log) => {
      const chain = aChain(1, 12);
      for (const [at, made] of chain.slice(5).entries()) await writeBlock(log, made, 'new', at + 1);
      for (const [at, made] of chain.slice(5, 9).entries()) {
        await log.setCanonical({ ...nameOf(made), state: 'final', sequence: 20 + at });
      }
      await log.appendFinal(chain);
      await log.flush();
      for (const [at, made] of chain.entries()) await writeBlock(log, made, 'final', 40 + at);
      assert.deepEqual(await log.coverage(), [covered(1, 12)]);
      assert.equal((await log.size()).transactions, 24);
      for (const made of chain) await expectSeen(log, made, 'final');
    });

    withLog('history that contradicts a final block is refused, and the block stays', async (log) => {
      const chain = aChain(1, 4);
      await log.appendFinal(chain);
      await log.flush();
      const other = aBlock({ number: 3, fork: 'other' });
      await assert.rejects(log.appendFinal([other]), hasCode('FinalizedContradiction'));
      await assert.rejects(writeBlock(log, other, 'final', 5), hasCode('FinalizedContradiction'));
      await log.flush();
      await expectSeen(log, chain[2] as FinalBlock, 'final');
    });

    withLog('what is too old goes, what is left stays whole', async (log) => {
      const chain = aChain(1, 40);
      await log.appendFinal(chain.slice(0, 30));
      await log.flush();
      for (const [at, made] of chain.slice(30).entries()) await writeBlock(log, made, 'new', at + 1);
      const undone = aBlock({ number: 35, fork: 'undone' });
      await writeBlock(log, undone, 'undone', 50);
      const before = await log.size();
      const gone = await log.expire(madeTime(36));
      assert.ok(gone >= 30 && gone <= 35, `${gone} blocks went`);
      const { blocks } = await log.size();
      assert.equal(before.blocks - blocks, gone);
      for (const made of chain.slice(35)) await expectSeen(log, made, 'new');
      assert.equal(await log.block(1), undefined);
      assert.equal(await log.transaction(chain[0]?.transactions[0]?.hash ?? ''), undefined);
      assert.deepEqual(await log.coverage(), []);
      assert.equal(await log.expire(madeTime(36)), 0);
    });

    withLog('everything is there after opening again', async (log, place) => {
      const chain = aChain(1, 20);
      await log.appendFinal(chain.slice(0, 15));
      await log.flush();
      for (const [at, made] of chain.slice(15).entries()) await writeBlock(log, made, 'new', at + 1);
      await log.setCanonical({ ...nameOf(chain[15] as FinalBlock), state: 'final', sequence: 9 });
      await log.close();
      const again = await place.open();
      try {
        assert.deepEqual(await again.coverage(), [covered(1, 16)]);
        for (const made of chain) await expectSeen(again, made, made.block.number <= 16 ? 'final' : 'new');
        await again.setCanonical({ ...nameOf(chain[19] as FinalBlock), state: 'undone', sequence: 1 });
        assert.ok(await again.block(20), 'the sequence is remembered');
      } finally {
        await again.close();
      }
    });
  });

  describe(`${name}: looking up`, together, () => {
    withLog('a transaction mined in two blocks is found in the canonical one', async (log) => {
      const a = aBlock({ number: 2, fork: 'a' });
      const b = aBlock({ number: 3, fork: 'b', remined: a.transactions });
      const hash = a.transactions[0]?.hash ?? '';
      await writeBlock(log, a, 'new', 1);
      assert.equal((await log.transaction(hash))?.block_hash, a.block.hash);
      await log.setCanonical({ ...nameOf(a), state: 'undone', sequence: 2 });
      assert.equal(await log.transaction(hash), undefined);
      await writeBlock(log, b, 'final', 3);
      assert.equal((await log.transaction(hash))?.block_hash, b.block.hash);
      const from = await log.transactionsOfAddress(madeAddress(0), { limit: 10 });
      assert.deepEqual(
        from.map((row) => [row.hash, row.block_hash]),
        [[hash, b.block.hash]],
      );
    });

    withLog('empty blocks and huge ones', async (log) => {
      const empty = aBlock({ number: 1, transactions: 0 });
      const huge = aBlock({ number: 2, transactions: 5_000 });
      const live = aBlock({ number: 3, transactions: 0 });
      await log.appendFinal([empty, huge]);
      await log.flush();
      await writeBlock(log, live, 'new', 1);
      assert.deepEqual(await log.transactionsOfBlock(1), []);
      assert.deepEqual(await log.logsOfBlock(1), []);
      assert.equal((await log.transactionsOfBlock(2)).length, 5_000);
      await expectSeen(log, live, 'new');
      const newest = await log.newestTransactions(3);
      assert.deepEqual(
        newest.map((row) => row.transaction_index),
        [4_999, 4_998, 4_997],
      );
    });

    withLog('what is not there is not found', async (log) => {
      await writeBlock(log, aBlock({ number: 5 }), 'final', 1);
      for (const at of [4, 6, madeHash('nothing'), 'no hash', '']) {
        assert.equal(await log.block(at), undefined);
        assert.deepEqual(await log.transactionsOfBlock(at), []);
        assert.deepEqual(await log.logsOfBlock(at), []);
      }
      for (const hash of [madeHash('nothing'), 'no hash', '']) {
        assert.equal(await log.transaction(hash), undefined);
        assert.deepEqual(await log.logsOfTransaction(hash), []);
        assert.deepEqual(await log.transactionsOfAddress(hash, { limit: 5 }), []);
      }
    });

    withLog('an empty log answers', async (log) => {
      assert.equal(await log.bounds(), undefined);
      assert.equal(await log.newestFinal(), undefined);
      assert.deepEqual(await log.coverage(), []);
      assert.deepEqual(await log.newestTransactions(10), []);
      assert.deepEqual(await log.blocks({ range: { from: 0, to: 1e9 }, limit: 10 }), []);
    });
  });

  describe(`${name}: 23 real blocks, 15 as history and 8 live`, () => {
    const real = mainnetBlocks();
    const transactions = real.flatMap((made) => made.transactions);
    let place: LogPlace;
    let log: TransactionLog;
    before(async () => {
      place = await make();
      log = await place.open();
      await log.appendFinal(real.slice(0, 15));
      await log.flush();
      for (const [at, made] of real.slice(15).entries()) await writeBlock(log, made, 'new', at + 1);
      for (const [at, made] of real.slice(15, 20).entries()) {
        await log.setCanonical({ ...nameOf(made), state: 'final', sequence: 20 + at });
      }
      await log.flush();
    });
    after(async () => {
      await log.close();
      await place.remove();
    });

    test('every row comes back as it was', async () => {
      for (const made of real) {
        const state = made.block.number < 17_686_130 ? 'final' : 'new';
        assert.deepEqual(await log.block(made.block.number), { ...whole('blocks', made.block), state });
        const rows = made.transactions.map((row) => ({ ...whole('transactions', row), state }));
        assert.deepEqual(await log.transactionsOfBlock(made.block.hash), rows);
        const logs = made.logs.map((row) => ({ ...whole('logs', row), transfer_value: transferValue(row) }));
        assert.deepEqual(await log.logsOfBlock(made.block.number), logs);
      }
    });

    test('transactions and their logs by hash', async () => {
      for (let at = 0; at < transactions.length; at += 97) {
        const row = transactions[at] as TransactionRow;
        const found = await log.transaction(row.hash);
        assert.equal(found?.hash, row.hash);
        assert.equal(found.transaction_index, row.transaction_index);
        const logs = real.flatMap((made) => made.logs).filter((event) => event.transaction_hash === row.hash);
        assert.deepEqual(
          (await log.logsOfTransaction(row.hash)).map((event) => event.log_index),
          logs.map((event) => event.log_index),
        );
      }
    });

    test('an address page by page, newest first', async () => {
      const router = '0x7a250d5630b4cf539739df2c5dacb4c659f2488d';
      const created = transactions.find((row) => row.receipt_contract_address)?.receipt_contract_address;
      for (const address of [router, String(created), transactions[0]?.from_address ?? '']) {
        const expected = transactions
          .filter((row) => [row.from_address, row.to_address, row.receipt_contract_address].includes(address))
          .map((row) => row.hash)
          .reverse();
        assert.ok(expected.length > 0);
        assert.deepEqual(await pages(log, address, 40), expected);
      }
    });

    test('blocks by number and by time, both ways', async () => {
      const numbers = real.map((made) => made.block.number);
      const first = numbers[0] ?? 0;
      const range = { from: first + 3, to: first + 19 };
      const asked = async (options: Parameters<TransactionLog['blocks']>[0]) =>
        (await log.blocks(options)).map(({ number }) => number);
      assert.deepEqual(await asked({ range, limit: 100 }), numbers.slice(3, 20));
      assert.deepEqual(await asked({ range, limit: 4 }), numbers.slice(3, 7));
      assert.deepEqual(await asked({ range, limit: 6, descending: true }), numbers.slice(14, 20).reverse());
      const time = { from: real[4]?.block.timestamp ?? 0, to: real[18]?.block.timestamp ?? 0 };
      assert.deepEqual(await asked({ range: { time }, limit: 100 }), numbers.slice(4, 18));
      assert.deepEqual(await asked({ range: { time }, limit: 1 }), numbers.slice(4, 5));
      assert.deepEqual(
        await asked({ range: { time }, limit: 2, descending: true }),
        numbers.slice(16, 18).reverse(),
      );
    });

    test('bounds, newest final, newest transactions, coverage, size', async () => {
      const bounds = await log.bounds();
      assert.equal(bounds?.oldest.number, 17_686_110);
      assert.equal(bounds.newest.number, 17_686_132);
      assert.equal((await log.newestFinal())?.number, 17_686_129);
      const newest = await log.newestTransactions(700);
      assert.deepEqual(
        newest.map((row) => row.hash),
        transactions
          .slice(-700)
          .reverse()
          .map((row) => row.hash),
      );
      assert.deepEqual(await log.coverage(), [
        {
          from: 17_686_110,
          to: 17_686_129,
          fromTime: real[0]?.block.timestamp,
          toTime: real[19]?.block.timestamp,
        },
      ]);
      const size = await log.size();
      assert.deepEqual([size.blocks, size.transactions, size.logs], [23, 4_416, 9_807]);
      assert.ok(size.bytes > 0);
    });

    test('a scan has each row once, in files or beside them', async () => {
      for (const provisional of [true, false]) {
        const scan = await log.scan({ provisional });
        const outside = await rowsOutside(scan, 'transactions');
        await scan.release();
        const last = provisional ? 17_686_132 : 17_686_129;
        assert.ok(outside.every((row) => Number(row.block_number) <= last));
        if (scan.files.transactions.length > 0) continue;
        const expected = transactions.filter((row) => row.block_number <= last).map((row) => row.hash);
        assert.deepEqual(
          outside.map((row) => row.hash),
          expected,
        );
      }
    });
  });

  describe(`${name}: scans`, () => {
    withLog('a scan sees one moment, whatever is written, sealed or expired meanwhile', async (log) => {
      const chain = aChain(1, 30);
      for (const [at, made] of chain.slice(0, 10).entries()) await writeBlock(log, made, 'new', at + 1);
      const scan = await log.scan({ provisional: true });
      await log.appendFinal(chain);
      await log.flush();
      await log.expire(madeTime(20));
      const rows: readonly LogRow[] = (await rowsOutside(scan, 'logs')) as readonly LogRow[];
      assert.deepEqual(
        rows.map((row) => row.transaction_hash),
        chain.slice(0, 10).flatMap((made) => made.logs.map((row) => row.transaction_hash)),
      );
      await scan.release();
      await scan.release();
    });
  });
}

async function expectSeen(log: TransactionLog, made: FinalBlock, state: 'new' | 'final'): Promise<void> {
  const { number, hash } = made.block;
  for (const at of [number, hash])
    assert.deepEqual(await log.block(at), { ...whole('blocks', made.block), state });
  const rows = made.transactions.map((row) => ({ ...whole('transactions', row), state }));
  assert.deepEqual(await log.transactionsOfBlock(number), rows);
  const [first] = rows;
  if (first !== undefined)
    assert.deepEqual(await log.transaction(String((first as unknown as Row).hash)), first);
  assert.equal((await log.logsOfBlock(hash)).length, made.logs.length);
}

async function expectUnseen(log: TransactionLog, made: FinalBlock): Promise<void> {
  assert.equal(await log.block(made.block.hash), undefined);
  assert.deepEqual(await log.transactionsOfBlock(made.block.hash), []);
  assert.deepEqual(await log.logsOfBlock(made.block.hash), []);
  for (const { hash } of made.transactions) assert.equal(await log.transaction(hash), undefined);
}

/** The row with every column of its table, absent ones null. */
function whole(table: LogTable, row: Row): Row {
  return Object.fromEntries(tableColumns[table].map(({ name }) => [name, row[name] ?? null]));
}

async function pages(log: TransactionLog, address: string, limit: number): Promise<readonly string[]> {
  const hashes: string[] = [];
  let before: TransactionPosition | undefined;
  for (;;) {
    const page = await log.transactionsOfAddress(
      address,
      before === undefined ? { limit } : { limit, before },
    );
    hashes.push(...page.map((row) => row.hash));
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return hashes;
    before = { block_number: last.block_number, transaction_index: last.transaction_index };
  }
}

async function rowsOutside(scan: LogScan, table: LogTable): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const chunk of scan.rows(table)) rows.push(...chunk);
  return rows;
}

function nameOf({ block: { number, hash } }: FinalBlock): { readonly number: number; readonly hash: string } {
  return { number, hash };
}

function covered(from: number, to: number) {
  return { from, to, fromTime: madeTime(from), toTime: madeTime(to) };
}

function hasCode(code: Parameters<typeof isMillraceError>[1]): (error: unknown) => boolean {
  return (error) => isMillraceError(error, code);
}
