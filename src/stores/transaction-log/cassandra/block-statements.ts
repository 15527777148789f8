// The rows of a block as statements: what stands under its hash, and what points to it. Chunks are cut by bytes: the
// rows of one partition are one mutation, which costs the server a fraction of as many single writes.

import { columnNumber } from '../tuple.ts';
import type { Lifetime, Ttl } from './lifetime.ts';
import type { Count, Encoded } from './row-codec.ts';
import { bucketOf } from './schema.ts';
import type { Statement } from './session.ts';
import type { WriteStatements } from './statements.ts';

export interface BlockName {
  readonly number: number;
  readonly hash: string;
}

/** Statements sent together, and the bytes of their values. */
export interface Chunk {
  readonly statements: readonly Statement[];
  readonly bytes: number;
}

/** A bucket that an address is in. */
export interface AddressBucket {
  readonly key: string;
  readonly statement: Statement;
}

/** A batch of one partition: large enough to pay, far below what a server refuses (half a commit log segment). */
const PARTITION_CHUNK_BYTES = 64 * 1024;
/**
 * Partitions of a batch of several: measured, more gain nothing; and it stays below batch_size_warn_threshold (5 KiB).
 */
const PARTITIONS_PER_BATCH = 32;
const POINTER_BYTES = 130;

/** Rows under the block's hash, in batches of that one partition. */
export function rowChunks(statements: WriteStatements, encoded: Encoded, ttl: Ttl): readonly Chunk[] {
  const query = statements.rows[encoded.table];
  const chunks: Chunk[] = [];
  let open: Statement[] = [];
  let bytes = 0;
  for (const [at, values] of encoded.rows.entries()) {
    open.push({ query, params: [...values, ttl] });
    bytes += encoded.sizes[at] ?? 0;
    if (bytes < PARTITION_CHUNK_BYTES) continue;
    chunks.push({ statements: open, bytes });
    open = [];
    bytes = 0;
  }
  if (open.length > 0) chunks.push({ statements: open, bytes });
  return chunks;
}

/** What finds the transactions of a block by hash. */
export function hashPointers(
  statements: WriteStatements,
  transactions: Encoded,
  ttl: Ttl,
): readonly Statement[] {
  return transactions.rows.map((row) => ({
    query: statements.byHash,
    params: [row[hash], row[blockHash], row[blockNumber], row[index], ttl],
  }));
}

/** What finds them by address, and the buckets that the addresses are in. */
export function addressPointers(
  statements: WriteStatements,
  transactions: Encoded,
  ttl: Ttl,
  lifetime: Lifetime,
): { readonly pointers: readonly Statement[]; readonly buckets: readonly AddressBucket[] } {
  const pointers: Statement[] = [];
  const buckets = new Map<string, AddressBucket>();
  const [first] = transactions.rows;
  if (first === undefined) return { pointers, buckets: [] };
  const bucket = bucketOf((first[blockTime] as number) / 1_000);
  const bucketTtl = lifetime.bucketTtl(bucket);
  for (const row of transactions.rows) {
    const seen: string[] = [];
    for (const at of addressColumns) {
      const address = row[at] as Buffer | undefined;
      if (address === undefined || address.length === 0) continue;
      const key = `${bucket}/${address.toString('latin1')}`;
      if (seen.includes(key)) continue;
      seen.push(key);
      pointers.push({
        query: statements.byAddress,
        params: [address, bucket, row[blockNumber], row[index], row[blockHash], ttl],
      });
      if (!buckets.has(key)) {
        const statement = { query: statements.addressBucket, params: [address, bucket, bucketTtl] };
        buckets.set(key, { key, statement });
      }
    }
  }
  return { pointers, buckets: [...buckets.values()] };
}

/** Pointers of many partitions in small batches. */
export function pointerChunks(pointers: readonly Statement[]): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < pointers.length; at += PARTITIONS_PER_BATCH) {
    const statements = pointers.slice(at, at + PARTITIONS_PER_BATCH);
    chunks.push({ statements, bytes: statements.length * POINTER_BYTES });
  }
  return chunks;
}

export function recordedStatement(
  statements: WriteStatements,
  block: Buffer,
  { table, rows, bytes }: Count,
  ttl: Ttl,
): Statement {
  return { query: statements.recorded, params: [block, table, rows, bytes, ttl] };
}

const column = (name: string) => columnNumber('transactions', name);
const hash = column('hash');
const blockHash = column('block_hash');
const blockNumber = column('block_number');
const blockTime = column('block_timestamp');
const index = column('transaction_index');
const addressColumns = ['from_address', 'to_address', 'receipt_contract_address'].map(column);
