// The topics of one pipeline: their names, partitions and keys, and the form of their records. `blocks` is the order of
// truth (one partition); `transactions` and `logs` carry the rows of new blocks and one marker per undone block;
// `history` carries whole final blocks: transactions, logs, then the block's own row. The key is the block's number.

import { type Cursor, decodeCursor, encodeCursor } from '../../chain/step.ts';
import type { BlockRow, LogRow, TransactionRow } from '../transaction-log/columns.ts';
import type { RecordBatch, RecordHeaders, StoredBatch, TopicSpec } from './port.ts';

export interface PipelineTopics {
  readonly blocks: string;
  readonly transactions: string;
  readonly logs: string;
  readonly history: string;
}

export function pipelineTopics(pipeline: string): PipelineTopics {
  const named = (topic: string) => `${pipeline}.${topic}`;
  return {
    blocks: named('blocks'),
    transactions: named('transactions'),
    logs: named('logs'),
    history: named('history'),
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

/** A block that joins the chain: its rows, then the block itself, to be published together. */
export function newBlockBatches(topics: PipelineTopics, rows: Rows, cursor: Cursor): readonly RecordBatch[] {
  const { hash } = rows.block;
  const key = String(rows.block.number);
  const at = encodeCursor(cursor);
  const batches: RecordBatch[] = [
    {
      topic: topics.transactions,
      key,
      headers: headersOf('transaction', hash, 'new', at),
      values: json(rows.transactions),
    },
    { topic: topics.logs, key, headers: headersOf('log', hash, 'new', at), values: json(rows.logs) },
    { topic: topics.blocks, key, headers: headersOf('block', hash, 'new', at), values: json([rows.block]) },
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
export function historyBatches(topics: PipelineTopics, rows: Rows): readonly RecordBatch[] {
  const { hash } = rows.block;
  const key = String(rows.block.number);
  const batch = (kind: RecordKind, values: readonly object[]): RecordBatch => ({
    topic: topics.history,
    key,
    headers: headersOf(kind, hash, 'final'),
    values: json(values),
  });
  return [
    batch('transaction', rows.transactions),
    batch('log', rows.logs),
    batch('block', [rows.block]),
  ].filter(({ values }) => values.length > 0);
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
  const cursor = headers.cursor === undefined ? undefined : decodeCursor(headers.cursor);
  return { kind: kind as RecordKind, step, blockHash: block_hash, cursor };
}

/** The values of a batch as rows, parsed at once. */
export function recordRows<T>(batch: StoredBatch): readonly T[] {
  return JSON.parse(`[${batch.values.join(',')}]`) as readonly T[];
}
