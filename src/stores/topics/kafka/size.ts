// Bytes on the brokers, all replicas together, from their log folders; records by offsets, so markers count.

import { describeLogDirsV4 } from '@platformatic/kafka';
import { answerOf, type Cluster } from './cluster.ts';
import { brokerError } from './failures.ts';
import { offsetsOf } from './fetching.ts';
import { allPartitions } from './group-offsets.ts';

export async function sizeOf(
  cluster: Cluster,
  topics: readonly string[],
): Promise<{ readonly records: number; readonly bytes: number }> {
  const existing = [...(await cluster.topics(topics)).keys()];
  const partitions = await allPartitions(cluster, existing);
  if (partitions.length === 0) return { records: 0, bytes: 0 };
  const [firsts, ends] = await Promise.all([
    offsetsOf(cluster, partitions, 'first'),
    offsetsOf(cluster, partitions, 'end'),
  ]);
  const records = ends.reduce((sum, end, index) => sum + end - (firsts[index] ?? 0), 0);
  const request = existing.map((name) => ({
    name,
    partitions: partitions.filter(({ topic }) => topic === name).map(({ partition }) => partition),
  }));
  const bytes = await cluster.retrying('reading the size of topics', async () => {
    const answers = await Promise.all(
      cluster.brokers.map((node) => answerOf(cluster.ask(node, 'shared', describeLogDirsV4.api, request))),
    );
    let sum = 0;
    for (const { errorCode, results } of answers) {
      if (errorCode !== 0) throw brokerError(errorCode);
      for (const { topics: kept } of results) {
        for (const { partitionSize } of kept.flatMap((topic) => topic.partitions))
          sum += Number(partitionSize);
      }
    }
    return sum;
  });
  return { records, bytes };
}
