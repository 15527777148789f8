// Every question of the port asked of 23 real blocks, against answers worked out from the rows.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TransactionRow } from './columns.ts';
import { type ContractPart, type LogPlace, nameOf, rowsOutside, whole } from './contract-place.ts';
import { writeBlock } from './made-blocks.ts';
import { mainnetBlocks } from './mainnet-blocks.ts';
import type { TransactionLog, TransactionPosition } from './port.ts';
import { transferValue } from './transfer-value.ts';

export function realBlocksContract({ name, make }: ContractPart): void {
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
