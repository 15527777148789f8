// For benchmarks of the streamer alone: the streamer paces history by the recorder's lag, so this commits whatever is on
// the topic, reading nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { recorderGroups } from '../../src/recorder/recorder.ts';
import type { PipelineTopics } from '../../src/stores/topics/pipeline-topics.ts';
import type { Topics } from '../../src/stores/topics/port.ts';

const everyMs = 50;

export interface StandInRecorder {
  /** Offsets on the history topic so far: records, and the markers of transactions. */
  count(): Promise<number>;
  close(): Promise<void>;
}

export async function startStandInRecorder(topics: Topics, names: PipelineTopics): Promise<StandInRecorder> {
  const topic = names.history;
  const ends = async () => topics.ends(topic).catch(() => []);
  while ((await ends()).length === 0) await sleep(everyMs);
  const consumer = await topics.consumer({ group: recorderGroups(names).history, topics: [topic] });
  // Joining is done by the first poll.
  await consumer.poll({ maxBytes: 1, waitMs: 2_000, signal: new AbortController().signal });
  let stopped = false;
  const committing = (async () => {
    while (!stopped) {
      const positions = (await ends()).map(({ partition, next }) => ({ topic, partition, offset: next }));
      await consumer.commit(positions);
      await sleep(everyMs);
    }
  })();
  return {
    count: async () => (await ends()).reduce((sum, { first, next }) => sum + next - first, 0),
    close: async () => {
      stopped = true;
      await committing;
      await consumer.close();
    },
  };
}
