// What the contract tests of the results share: how a test is declared, tables of its own, filling and reading them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { isMillraceError } from '../../errors.ts';
import type {
  Claim,
  Owner,
  ResultColumn,
  ResultRow,
  Results,
  ResultTable,
  TableRequest,
  WindowRow,
} from './port.ts';

export interface ResultsUnderTest {
  readonly store: Results;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<Results>;
}

/** Declares one test of the contract. */
export type Contract = (what: string, run: (under: ResultsUnderTest) => Promise<void>) => void;

const twoColumns: readonly ResultColumn[] = [
  { name: 'token', type: 'text' },
  { name: 'count', type: 'integer' },
];

/** A processor of an owner that no other test has. */
export function aRequest(parts: Partial<TableRequest> = {}): TableRequest {
  const owner: Owner = `user/${randomUUID()}`;
  return { owner, processor: 'gas-by-minute', window: 60, columns: twoColumns, fingerprint: 'a', ...parts };
}

export async function aClaim(store: Results, table: ResultTable, start: number): Promise<Claim> {
  const claim = await store.claim(table, start, { holder: 'test', ttl: 60_000, now: Date.now() });
  assert.ok(claim);
  return claim;
}

export async function fill(
  store: Results,
  table: ResultTable,
  start: number,
  rows: readonly ResultRow[],
): Promise<void> {
  const claim = await aClaim(store, table, start);
  assert.deepEqual(await claim.replace([rows]), { rows: rows.length });
}

/** Rows as [window start, …values]. */
export async function rowsOf(store: Results, table: ResultTable): Promise<readonly ResultRow[]> {
  return (await store.read(table, {})).map(({ windowStart, values }) => [windowStart, ...values]);
}

export async function scanAll(store: Results, table: ResultTable) {
  const rows: WindowRow[] = [];
  for await (const chunk of store.scan(table)) rows.push(...chunk);
  return rows;
}

export const code = (expected: Parameters<typeof isMillraceError>[1]) => (error: unknown) => {
  assert.ok(isMillraceError(error, expected), `${expected} expected, got ${error}`);
  return true;
};
