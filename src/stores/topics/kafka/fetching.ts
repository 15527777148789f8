// Fetches from one leader for several partitions at once, committed records only.

import { FetchIsolationLevels, listOffsetsV8 } from '@platformatic/kafka';
import { MillraceError } from '../../../errors.ts';
import { answerOf, type Cluster } from './cluster.ts';
import { brokerError } from './failures.ts';
import type { PartitionReader } from './partition-reader.ts';
import { type FetchArguments, fetchBytes } from './requests.ts';

export interface FetchLimits {
  /** How long the broker may wait for something to come. */
  readonly maxWaitMs: number;
  /** Compressed bytes of all partitions together; one record batch comes even when it is larger. */
  readonly maxBytes: number;
  readonly partitionBytes: number;
}

const OFFSET_OUT_OF_RANGE = 1;

/**
 * One request, tried once. Readers that were moved or filled meanwhile keep what they have. Answers those whose
 * position the broker does not have.
 */
export async function fetchInto(
  readers: readonly PartitionReader[],
  { cluster, lane, leader }: { cluster: Cluster; lane: string; leader: number },
  { maxWaitMs, maxBytes, partitionBytes }: FetchLimits,
): Promise<readonly PartitionReader[]> {
  const asked = await Promise.all(
    readers.map(async (reader) => ({
      reader,
      topicId: (await cluster.topic(reader.topic)).id,
      position: reader.position,
    })),
  );
  const topicIds = [...new Set(asked.map(({ topicId }) => topicId))];
  const topics = topicIds.map((topicId) => ({
    topicId,
    partitions: asked
      .filter((each) => each.topicId === topicId)
      .map(({ reader, position }) => ({
        partition: reader.partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(position),
        lastFetchedEpoch: -1,
        partitionMaxBytes: partitionBytes,
      })),
  }));
  const committed = FetchIsolationLevels.READ_COMMITTED;
  const request: FetchArguments = [maxWaitMs, 1, maxBytes, committed, 0, -1, topics, [], ''];
  const response = await cluster.ask(leader, lane, fetchBytes, ...request);
  if (response.errorCode !== 0) throw brokerError(response.errorCode);
  const gone: PartitionReader[] = [];
  for (const fetched of response.partitions) {
    const { reader, position } =
      asked.find((each) => each.topicId === fetched.topicId && each.reader.partition === fetched.partition) ??
      {};
    if (!reader?.empty || reader.position !== position) continue;
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE) gone.push(reader);
    else if (fetched.errorCode !== 0) throw brokerError(fetched.errorCode);
    else reader.accept(fetched);
  }
  return gone;
}

/** `end`: everything before it is decided. `written`: the end also of what is not. */
export type OffsetOf = 'first' | 'end' | 'written';

/** First kept offsets, stable ends or ends of the partitions, in their order. @throws TopicUnknown */
export function offsetsOf(
  cluster: Cluster,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  which: OffsetOf,
): Promise<readonly number[]> {
  return cluster.retrying(`reading the ends of ${partitions[0]?.topic}`, async () => {
    const places = await Promise.all(
      partitions.map(async (each) => ({ ...each, leader: await cluster.leader(each.topic, each.partition) })),
    );
    const found = new Map<string, number>();
    await Promise.all(
      [...new Set(places.map(({ leader }) => leader))].map(async (leader) => {
        const own = places.filter((each) => each.leader === leader);
        const topics = [...new Set(own.map(({ topic }) => topic))].map((name) => ({
          name,
          partitions: own
            .filter(({ topic }) => topic === name)
            .map(({ partition }) => ({
              partitionIndex: partition,
              currentLeaderEpoch: -1,
              timestamp: which === 'first' ? -2n : -1n,
            })),
        }));
        const { READ_COMMITTED, READ_UNCOMMITTED } = FetchIsolationLevels;
        const isolation = which === 'written' ? READ_UNCOMMITTED : READ_COMMITTED;
        const asked = cluster.ask(leader, 'shared', listOffsetsV8.api, -1, isolation, topics);
        for (const { name, partitions: answers } of (await answerOf(asked)).topics) {
          for (const { partitionIndex, errorCode, offset } of answers) {
            if (errorCode !== 0) throw brokerError(errorCode);
            found.set(`${name}/${partitionIndex}`, Number(offset));
          }
        }
      }),
    );
    return partitions.map(({ topic, partition }) => found.get(`${topic}/${partition}`) ?? 0);
  });
}

/** The error for a position that the broker does not have. */
export async function gapAt(
  cluster: Cluster,
  { topic, partition, position: offset }: PartitionReader,
): Promise<MillraceError> {
  const [first = 0] = await offsetsOf(cluster, [{ topic, partition }], 'first');
  return new MillraceError('LogGap', { topic, partition, offset, first });
}
