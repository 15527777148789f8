// The topics of one pipeline: their names, partitions and keys, and the form of their records. `blocks` is the order of
// truth (one partition); `transactions` and `logs` carry the rows of new blocks and one marker per undone block;
// `history` carries whole final blocks: transactions, logs, then the block's own row. The key is the block's number.
// `dead-letters` keeps what was found on these topics and is none of theirs.

import { type Cursor, decodeCursor, encodeCursor } from '../../chain/step.ts';
import type { BlockRow, LogRow, TransactionRow } from '../transaction-log/columns.ts';
import type { RecordBatch, RecordHeaders, StoredBatch, TopicSpec } from './port.ts';
import type { Values } from './text-bytes.ts';

export interface PipelineTopics {
  readonly blocks: string;
  readonly transactions: string;
  readonly logs: string;
  readonly history: string;
  readonly deadLetters: string;
}

export function pipelineTopics(pipeline: string): PipelineTopics {
  const named = (topic: string) => `${pipeline}.${topic}`;
  return {
    blocks: named('blocks'),
    transactions: named('transactions'),
    logs: named('logs'),
    history: named('history'),
    deadLetters: named('dead-letters'),
  };
}

export function topicSpecs(
  topics: PipelineTopics,
  options: {
    readonly partitions: number;
    readonly historyPartitions: number;
    readonly retention: number | 'forever';
  },
): readonly TopicSpec[] {
  const { partitions, historyPartitions, retention } = options;
  return [
    { name: topics.blocks, partitions: 1, retention },
    { name: topics.transactions, partitions, retention },
    { name: topics.logs, partitions, retention },
    { name: topics.history, partitions: historyPartitions, retention },
    { name: topics.deadLetters, partitions: 1, retention },
  ];
}

/** The kinds of records; the `schema` header is `millrace.<kind>/1`. */
export type RecordKind = 'block' | 'transaction' | 'log';

/** What an undo carries on every live topic, and `final` on blocks. */
export interface BlockMarker {
  readonly number: number;
  readonly hash: string;
  readonly parent_hash: string;
  readonly timestamp: number;
}

interface Rows {
  readonly block: BlockRow;
  readonly transactions: readonly TransactionRow[];
  readonly logs: readonly LogRow[];
}

const headersOf = (kind: RecordKind, hash: string, step: string, cursor?: string): RecordHeaders => ({
  schema: `millrace.${kind}/1`,
  step,
  block_hash: hash,
  ...(cursor === undefined ? {} : { cursor }),
});

const json = (rows: readonly object[]): readonly string[] => rows.map((row) => JSON.stringify(row));

/** A block's rows as the JSON text of their records. */
export interface EncodedBlock {
  readonly number: number;
  readonly hash: string;
  /** One. */
  readonly block: Values;
  readonly transactions: Values;
  readonly logs: Values;
}

function encoded(rows: Rows | EncodedBlock): EncodedBlock {
  if ('hash' in rows) return rows;
  const { block, transactions, logs } = rows;
  const { number, hash } = block;
  return {
    number,
    hash,
    block: json([block]),
    transactions: json(transactions),
    logs: json(logs),
  };
}

/** A block that joins the chain: its rows, then the block itself, to be published together. */
export function newBlockBatches(
  topics: PipelineTopics,
  rows: Rows | EncodedBlock,
  cursor: Cursor,
): readonly RecordBatch[] {
  const { number, hash, block, transactions, logs } = encoded(rows);
  const key = String(number);
  const at = encodeCursor(cursor);
  const batches: RecordBatch[] = [
    {
      topic: topics.transactions,
      key,
      headers: headersOf('transaction', hash, 'new', at),
      values: transactions,
    },
    { topic: topics.logs, key, headers: headersOf('log', hash, 'new', at), values: logs },
    { topic: topics.blocks, key, headers: headersOf('block', hash, 'new', at), values: block },
  ];
  return batches.filter((batch) => batch.values.length > 0);
}

/** A block that leaves the chain: one marker on each live topic. */
export function undoBatches(
  topics: PipelineTopics,
  marker: BlockMarker,
  cursor: Cursor,
): readonly RecordBatch[] {
  const key = String(marker.number);
  const at = encodeCursor(cursor);
  const values = json([marker]);
  return [
    { topic: topics.transactions, key, headers: headersOf('transaction', marker.hash, 'undo', at), values },
    { topic: topics.logs, key, headers: headersOf('log', marker.hash, 'undo', at), values },
    { topic: topics.blocks, key, headers: headersOf('block', marker.hash, 'undo', at), values },
  ];
}

export function finalBatches(
  topics: PipelineTopics,
  marker: BlockMarker,
  cursor: Cursor,
): readonly RecordBatch[] {
  const headers = headersOf('block', marker.hash, 'final', encodeCursor(cursor));
  return [{ topic: topics.blocks, key: String(marker.number), headers, values: json([marker]) }];
}

/** A whole final block, complete with the record of its own row, which comes last. */
export function historyBatches(topics: PipelineTopics, rows: Rows | EncodedBlock): readonly RecordBatch[] {
  const { number, hash, block, transactions, logs } = encoded(rows);
  const batch = (kind: RecordKind, values: Values): RecordBatch => ({
    topic: topics.history,
    key: String(number),
    headers: headersOf(kind, hash, 'final'),
    values,
  });
  return [batch('transaction', transactions), batch('log', logs), batch('block', block)].filter(
    ({ values }) => values.length > 0,
  );
}

export interface RecordFacts {
  readonly kind: RecordKind;
  readonly step: 'new' | 'undo' | 'final';
  readonly blockHash: string;
  readonly cursor: Cursor | undefined;
}

/** What the headers say; undefined for a foreign record. */
export function recordFacts({ headers }: StoredBatch): RecordFacts | undefined {
  const kind = /^millrace\.(block|transaction|log)\/1$/.exec(headers.schema ?? '')?.[1];
  const { step, block_hash } = headers;
  if (!kind || !block_hash || (step !== 'new' && step !== 'undo' && step !== 'final')) return undefined;
  if (!/^0x[0-9a-f]{64}$/.test(block_hash)) return undefined;
  const facts = { kind: kind as RecordKind, step, blockHash: block_hash, cursor: undefined } as const;
  if (headers.cursor === undefined) return facts;
  const cursor = decodeCursor(headers.cursor);
  if (!cursor || cursor.step !== step || cursor.block.hash !== block_hash) return undefined;
  const numbers = [cursor.sequence, cursor.block.number, cursor.head.number, cursor.finalized.number];
  return numbers.every(Number.isSafeInteger) ? { ...facts, cursor } : undefined;
}
