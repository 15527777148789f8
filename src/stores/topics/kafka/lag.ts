// How far a group is behind. What is left is looked into by one fetch per partition: when it reaches the end, records and
// bytes are counted; beyond that records are the distance in offsets (markers of transactions count) and bytes are
// estimated from the fetched ones. Markers and aborted records alone are no lag.

import type { Lag } from '../port.ts';
import type { Cluster } from './cluster.ts';
import { fetchInto, offsetsOf } from './fetching.ts';
import { allPartitions, committedOffsets } from './group-offsets.ts';
import { PartitionReader } from './partition-reader.ts';

/** Compressed bytes to look into. */
const LOOK_BYTES = 64 * 1024;

export async function lagOf(cluster: Cluster, group: string, topic: string): Promise<Lag> {
  const partitions = await allPartitions(cluster, [topic]);
  const [committed, firsts, ends] = await Promise.all([
    committedOffsets(cluster, group, partitions),
    offsetsOf(cluster, partitions, 'first'),
    offsetsOf(cluster, partitions, 'end'),
  ]);
  const lags = await Promise.all(
    partitions.map(({ partition }, index) => {
      const first = firsts[index] ?? 0;
      const position = committed.find((each) => each.partition === partition)?.offset ?? first;
      const offset = Math.max(first, position);
      return lagFrom(cluster, { topic, partition, offset }, ends[index] ?? 0);
    }),
  );
  return lags.reduce(add, none);
}

const none: Lag = { records: 0, bytes: 0, oldest: undefined };

async function lagFrom(
  cluster: Cluster,
  from: { topic: string; partition: number; offset: number },
  end: number,
): Promise<Lag> {
  if (from.offset >= end) return none;
  const reader = new PartitionReader(from);
  let records = 0;
  let bytes = 0;
  let oldest: number | undefined;
  while (records === 0 && reader.position < end) {
    await cluster.retrying(`reading ${from.topic}`, async () => {
      const leader = await cluster.leader(from.topic, from.partition);
      const limits = { maxWaitMs: 0, maxBytes: LOOK_BYTES, partitionBytes: LOOK_BYTES };
      // A position that retention has passed meanwhile goes on at the first kept record.
      const [gone] = await fetchInto([reader], { cluster, lane: 'shared', leader }, limits);
      if (gone) reader.moveTo((await offsetsOf(cluster, [from], 'first'))[0] ?? end);
    });
    for (const batch of reader.drain()) {
      records += batch.values.length;
      bytes += batch.bytes;
      oldest ??= batch.publishedAt;
    }
  }
  if (records === 0 || reader.position >= end) return { records, bytes, oldest };
  const left = end - reader.position;
  return { records: records + left, bytes: bytes + Math.round((left * bytes) / records), oldest };
}

function add(a: Lag, b: Lag): Lag {
  const times = [a.oldest, b.oldest].filter((time) => time !== undefined);
  return {
    records: a.records + b.records,
    bytes: a.bytes + b.bytes,
    oldest: times.length === 0 ? undefined : Math.min(...times),
  };
}
