// The committed positions of a consumer group, asked of its coordinator; the group needs no members for it.

import { offsetFetchV9 } from '@platformatic/kafka';
import type { TopicPosition } from '../port.ts';
import { answerOf, type Cluster } from './cluster.ts';
import { brokerError } from './failures.ts';

const GROUP_ID_NOT_FOUND = 69;

/** Partitions without a commit are left out. */
export function committedOffsets(
  cluster: Cluster,
  group: string,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Promise<readonly TopicPosition[]> {
  return cluster.retrying(`reading positions of ${group}`, async () => {
    if (partitions.length === 0) return [];
    const topics = [...new Set(partitions.map(({ topic }) => topic))].map((name) => ({
      name,
      partitionIndexes: partitions.filter(({ topic }) => topic === name).map(({ partition }) => partition),
    }));
    const node = await cluster.coordinator('group', group);
    const request = [{ groupId: group, memberId: null, memberEpoch: -1, topics }];
    const { groups } = await answerOf(cluster.ask(node, 'shared', offsetFetchV9.api, request, true));
    const [answer] = groups;
    if (!answer || answer.errorCode === GROUP_ID_NOT_FOUND) return [];
    if (answer.errorCode !== 0) throw brokerError(answer.errorCode);
    return answer.topics.flatMap(({ name, partitions: positions }) =>
      positions.flatMap(({ partitionIndex, committedOffset, errorCode }) => {
        if (errorCode !== 0) throw brokerError(errorCode);
        const position = { topic: name, partition: partitionIndex, offset: Number(committedOffset) };
        return committedOffset < 0n ? [] : [position];
      }),
    );
  });
}

export async function allPartitions(cluster: Cluster, topics: readonly string[]) {
  const places = await Promise.all(topics.map((topic) => cluster.topic(topic)));
  return places.flatMap(({ name, partitions }) =>
    partitions.map((_, partition) => ({ topic: name, partition })),
  );
}
