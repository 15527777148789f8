// What a consumer may believe of a record: its headers, its JSON and its rows agree with each other and with the columns.
// Anybody may write to a topic; what does not pass is a foreign record, and the reason says why.

import { type BlockRow, type LogTable, type Row, tableColumns } from '../transaction-log/columns.ts';
import { type BlockMarker, type RecordFacts, type RecordKind, recordFacts } from './pipeline-topics.ts';
import type { StoredBatch } from './port.ts';

export type CheckedRecord =
  | { readonly facts: RecordFacts; readonly rows: readonly Row[] }
  | { readonly foreign: string };

export type BlockRecord =
  | { readonly facts: RecordFacts; readonly row: BlockMarker | (BlockRow & BlockMarker) }
  | { readonly foreign: string };

/** The rows of a batch, each one checked: as many as it has values. */
export function checkedRecord(batch: StoredBatch): CheckedRecord {
  const facts = recordFacts(batch);
  if (!facts) return { foreign: 'its headers are not those of a Millrace record' };
  const rows = parseRows(batch);
  if (typeof rows === 'string') return { foreign: rows };
  const marker = facts.step === 'undo' || (facts.kind === 'block' && !isWholeBlock(facts, rows[0]));
  for (const row of rows) {
    const problem = marker ? markerProblem(row, facts) : rowProblem(row, facts);
    if (problem !== undefined) return { foreign: problem };
  }
  return { facts, rows };
}

/** A batch of `blocks`: one record, with the cursor that is the order. */
export function checkedBlock(batch: StoredBatch): BlockRecord {
  const checked = checkedRecord(batch);
  if ('foreign' in checked) return checked;
  const { facts, rows } = checked;
  const [row] = rows;
  if (facts.kind !== 'block') return { foreign: `a ${facts.kind} does not belong here` };
  if (!facts.cursor) return { foreign: 'it has no cursor' };
  if (!row || rows.length !== 1) return { foreign: `${rows.length} rows in the record of one block` };
  if (facts.step === 'new' && !isWholeBlock(facts, row))
    return { foreign: 'the row of its block is missing' };
  return { facts, row: row as Row as unknown as BlockMarker };
}

const tables: Readonly<Record<RecordKind, LogTable>> = {
  block: 'blocks',
  transaction: 'transactions',
  log: 'logs',
};

/** `final` on `blocks` carries a marker, on `history` the whole row. */
function isWholeBlock({ step }: RecordFacts, row: Row | undefined): boolean {
  return step === 'new' || (step === 'final' && row?.transaction_count !== undefined);
}

function parseRows({ values }: StoredBatch): readonly Row[] | string {
  let rows: unknown;
  try {
    rows = JSON.parse(`[${values.join(',')}]`);
  } catch {
    return 'its value is no JSON';
  }
  if (!Array.isArray(rows) || rows.length !== values.length) return 'its value is not one JSON object';
  const odd = rows.find((row) => typeof row !== 'object' || row === null || Array.isArray(row));
  return odd === undefined ? (rows as readonly Row[]) : 'its value is no JSON object';
}

const required: Readonly<Record<RecordKind, readonly string[]>> = {
  block: ['number', 'hash', 'parent_hash', 'timestamp', 'transaction_count', 'log_count'],
  transaction: ['hash', 'block_hash', 'block_number', 'block_timestamp', 'transaction_index', 'from_address'],
  log: [
    'block_hash',
    'block_number',
    'block_timestamp',
    'transaction_hash',
    'transaction_index',
    'log_index',
    'address',
  ],
};

const typesOf = (table: LogTable) => new Map(tableColumns[table].map(({ name, type }) => [name, type]));
const types = { block: typesOf('blocks'), transaction: typesOf('transactions'), log: typesOf('logs') };

const hashForm = /^0x[0-9a-f]{64}$/;
const decimalForm = /^\d{1,78}$/;

function rowProblem(row: Row, { kind, blockHash }: RecordFacts): string | undefined {
  for (const name of required[kind]) {
    if (row[name] === undefined || row[name] === null) return `a row without ${name}`;
  }
  for (const name in row) {
    const value = row[name];
    if (value === undefined || value === null) continue;
    if (!fits(types[kind].get(name), value)) return `a row of ${tables[kind]} whose ${name} is no ${name}`;
  }
  const own = kind === 'block' ? row.hash : row.block_hash;
  if (own !== blockHash) return 'a row of another block than its header says';
  const hashes = kind === 'log' ? [row.transaction_hash] : [row.hash];
  return hashes.every((hash) => hashForm.test(String(hash))) ? undefined : 'a row without a proper hash';
}

/** A column that nobody knows is left to the log, which passes it over. */
function fits(type: string | undefined, value: unknown): boolean {
  switch (type) {
    case undefined:
      return true;
    case 'int':
    case 'timestamp':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'bigint':
    case 'wei':
      return typeof value === 'string' && decimalForm.test(value);
    default:
      return typeof value === 'string';
  }
}

function markerProblem(row: Row, { blockHash }: RecordFacts): string | undefined {
  const { number, hash, parent_hash, timestamp } = row;
  if (hash !== blockHash) return 'a marker of another block than its header says';
  if (!hashForm.test(String(parent_hash))) return 'a marker without parent_hash';
  return fits('int', number) && fits('timestamp', timestamp)
    ? undefined
    : 'a marker without number and timestamp';
}
