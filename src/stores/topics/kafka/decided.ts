// Waits until everything below the end that a topic has now is committed or aborted, so that readers see all of it.

import { MillraceError } from '../../../errors.ts';
import type { Cluster } from './cluster.ts';
import { offsetsOf } from './fetching.ts';
import { allPartitions } from './group-offsets.ts';

/** Then the caller shall know; Kafka itself ends an open transaction after at most 15 minutes, unless told otherwise. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = { first: 2, last: 250 } as const;

/** @throws TopicUndecided, TopicUnknown, the signal's reason */
export async function untilDecided(
  cluster: Cluster,
  topic: string,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const partitions = await allPartitions(cluster, [topic]);
  const written = await offsetsOf(cluster, partitions, 'written');
  const until = performance.now() + patienceMs;
  for (let pause: number = PAUSE_MS.first; ; pause = Math.min(2 * pause, PAUSE_MS.last)) {
    const ends = await offsetsOf(cluster, partitions, 'end');
    if (written.every((offset, index) => (ends[index] ?? 0) >= offset)) return;
    if (performance.now() > until) throw new MillraceError('TopicUndecided', { topic });
    await cluster.clock.sleep(pause, signal);
  }
}
