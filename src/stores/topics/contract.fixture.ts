// What the contract tests of the topics share: how a test is declared, topics of its own, and reading to the end.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { isMillraceError } from '../../errors.ts';
import { partitionOf } from './partition.ts';
import type { Consumer, StoredBatch, Topics } from './port.ts';

export interface TopicsUnderTest {
  readonly store: Topics;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<Topics>;
  /** Takes everything out of a topic with a retention, the way its age would. */
  expire(topic: string): Promise<void>;
}

/** Declares one test of the contract. */
export type Contract = (what: string, run: (under: TopicsUnderTest) => Promise<void>) => void;

/** Long enough for a real broker to rebalance; embedded answers at once. */
export const PATIENCE_MS = 20_000;

export const aName = () => `t-${randomUUID()}`;

export const code = (expected: Parameters<typeof isMillraceError>[1]) => (error: unknown) => {
  assert.ok(isMillraceError(error, expected), `${expected} expected, got ${error}`);
  return true;
};

export async function aTopic(
  store: Topics,
  { partitions = 1, retention = 'forever' }: { partitions?: number; retention?: number | 'forever' } = {},
): Promise<string> {
  const name = aName();
  await store.create([{ name, partitions, retention }]);
  return name;
}

/** Everything in the topic, partition after partition. */
export async function readAll(store: Topics, topic: string): Promise<readonly StoredBatch[]> {
  const batches: StoredBatch[] = [];
  for (const { partition, first, next } of await store.ends(topic)) {
    for (let offset = first; offset < next; ) {
      const chunk = await store.read({ topic, partition, offset }, { maxBytes: 1024 * 1024 });
      batches.push(...chunk);
      // What was aborted at the end leaves offsets that nothing stands at.
      offset = chunk.at(-1)?.next ?? next;
    }
  }
  return batches;
}

/** Polls until `records` records came. */
export async function take(consumer: Consumer, records: number): Promise<readonly StoredBatch[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const batches: StoredBatch[] = [];
  while (valuesOf(batches).length < records) {
    batches.push(...(await consumer.poll({ maxBytes: 8 * 1024 * 1024, waitMs: PATIENCE_MS, signal })));
  }
  assert.equal(valuesOf(batches).length, records);
  return batches;
}

export const valuesOf = (batches: readonly StoredBatch[]) => batches.flatMap(({ values }) => values);
export const partitionsOf = (batches: readonly StoredBatch[]) =>
  batches.map(({ partition }) => partition).toSorted();
export const positionsAfter = (batches: readonly StoredBatch[]) =>
  batches.map(({ topic, partition, next }) => ({ topic, partition, offset: next }));

/** A key for each partition, by partition number. */
export function oneKeyPerPartition(partitions: number): readonly string[] {
  return Array.from({ length: partitions }, (_, partition) => {
    for (let at = 0; ; at++) if (partitionOf(`${at}`, partitions) === partition) return `${at}`;
  });
}
