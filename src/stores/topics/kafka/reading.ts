// Reading a topic without a group: forwards from an offset, and backwards from the end.

import { isMillraceError } from '../../../errors.ts';
import type { StoredBatch, TopicPosition } from '../port.ts';
import type { Cluster } from './cluster.ts';
import { fetchInto, gapAt, offsetsOf } from './fetching.ts';
import { PartitionReader } from './partition-reader.ts';

const MB = 1024 * 1024;
const fetchBytes = { least: 64 * 1024, most: 4 * MB } as const;
const limits = (maxBytes: number) => {
  const bytes = Math.min(Math.max(maxBytes, fetchBytes.least), fetchBytes.most);
  return { maxWaitMs: 0, maxBytes: bytes, partitionBytes: bytes };
};

/** Fills the reader, unless it stands at the end already. @throws LogGap, TopicUnknown */
async function fetchMore(cluster: Cluster, reader: PartitionReader, maxBytes: number): Promise<void> {
  const { topic, partition } = reader;
  const gone = await cluster.retrying(`reading ${topic}`, async () => {
    const leader = await cluster.leader(topic, partition);
    return fetchInto([reader], { cluster, lane: 'shared', leader }, limits(maxBytes));
  });
  if (gone.length > 0) throw await gapAt(cluster, reader);
}

/** @throws LogGap, TopicUnknown */
export async function readFrom(
  cluster: Cluster,
  from: TopicPosition,
  maxBytes: number,
): Promise<readonly StoredBatch[]> {
  const reader = new PartitionReader(from);
  const { first, end } = await ends(cluster, from);
  if (from.offset < first) throw await gapAt(cluster, reader);
  const batches: StoredBatch[] = [];
  let bytes = 0;
  while (from.offset < end) {
    const batch = reader.peek();
    if (batch) {
      if (batches.length > 0 && bytes + batch.bytes > maxBytes) break;
      reader.take();
      batches.push(batch);
      bytes += batch.bytes;
      if (bytes >= maxBytes) break;
    } else if (reader.position >= end && !reader.holding) {
      break;
    } else {
      await fetchMore(cluster, reader, maxBytes - bytes);
    }
  }
  return batches;
}

/** Kafka reads forwards only: ranges before the end are read, each twice as long as the one before, until enough is found. */
export async function readBackwards(
  cluster: Cluster,
  { topic, partition, offset }: Omit<TopicPosition, 'offset'> & { offset?: number },
  limit: number,
): Promise<readonly StoredBatch[]> {
  const place = { topic, partition };
  const { first, end } = await ends(cluster, place);
  const found: StoredBatch[] = [];
  let before = offset ?? end;
  // A published step is a record and a marker.
  for (let span = 2 * limit + 2; found.length < limit && before > first; span *= 2) {
    const from = Math.max(first, before - span);
    const batches = await range(cluster, { ...place, offset: from }, before);
    const whole = from === first ? batches : batches.filter((batch) => batch.offset > from);
    if (whole.length === 0 && from > first) continue;
    found.push(...whole.toReversed());
    before = whole[0]?.offset ?? first;
  }
  return found.slice(0, limit);
}

/** The batches that begin in [from, before). */
async function range(cluster: Cluster, from: TopicPosition, before: number): Promise<readonly StoredBatch[]> {
  const reader = new PartitionReader(from);
  const batches: StoredBatch[] = [];
  while (reader.taken < before) {
    const batch = reader.take();
    if (batch) {
      if (batch.offset < before) batches.push(batch);
      continue;
    }
    if (reader.position >= before && !reader.holding) break;
    try {
      await fetchMore(cluster, reader, fetchBytes.most);
    } catch (error) {
      // Retention went on meanwhile: what is gone is not before anything.
      if (!isMillraceError(error, 'LogGap')) throw error;
      reader.moveTo(Number(error.fields.first));
    }
  }
  return batches;
}

/** First kept offset and stable end. @throws TopicUnknown */
async function ends(cluster: Cluster, place: { topic: string; partition: number }) {
  const [[first = 0], [end = 0]] = await Promise.all([
    offsetsOf(cluster, [place], 'first'),
    offsetsOf(cluster, [place], 'end'),
  ]);
  return { first, end };
}
