// What the parts of the contract share: a place for a log, and what they expect of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import { type LogTable, type Row, tableColumns } from './columns.ts';
import { madeTime } from './made-blocks.ts';
import type { FinalBlock, LogScan, TransactionLog } from './port.ts';

/** Opening again gives the same data. */
export interface LogPlace {
  open(): Promise<TransactionLog>;
  remove(): Promise<void>;
}

export interface ContractPart {
  readonly name: string;
  /** An empty place. */
  readonly make: () => Promise<LogPlace>;
  /** Rows end by themselves when their time has come, so `expire` has nothing to drop: tested beside the log. */
  readonly expiresByItself?: boolean;
}

/** Each test has a place of its own, and mostly waits for its disk. */
export const together = { concurrency: 4 };

/** Defines tests that each get an empty log. */
export function testsWithLog(make: ContractPart['make']) {
  return (title: string, work: (log: TransactionLog, place: LogPlace) => Promise<void>): void => {
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
  };
}

export async function expectSeen(
  log: TransactionLog,
  made: FinalBlock,
  state: 'new' | 'final',
): Promise<void> {
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

export async function expectUnseen(log: TransactionLog, made: FinalBlock): Promise<void> {
  assert.equal(await log.block(made.block.hash), undefined);
  assert.deepEqual(await log.transactionsOfBlock(made.block.hash), []);
  assert.deepEqual(await log.logsOfBlock(made.block.hash), []);
  for (const { hash } of made.transactions) assert.equal(await log.transaction(hash), undefined);
}

/** The row with every column of its table, absent ones null. */
export function whole(table: LogTable, row: Row): Row {
  return Object.fromEntries(tableColumns[table].map(({ name }) => [name, row[name] ?? null]));
}

export async function rowsOutside(scan: LogScan, table: LogTable): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const chunk of scan.rows(table)) rows.push(...chunk);
  return rows;
}

export function nameOf({ block: { number, hash } }: FinalBlock): {
  readonly number: number;
  readonly hash: string;
} {
  return { number, hash };
}

export function covered(from: number, to: number) {
  return { from, to, fromTime: madeTime(from), toTime: madeTime(to) };
}

export function hasCode(code: Parameters<typeof isMillraceError>[1]): (error: unknown) => boolean {
  return (error) => isMillraceError(error, code);
}
