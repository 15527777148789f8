// What each topic of a pipeline holds, and how far the group that records it is.

import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Topics } from '../stores/topics/port.ts';
import { recorderLags } from './lags.ts';
import type { TopicStatus } from './pipeline-status.ts';

/** @throws TopicUnknown before the streamer has made them */
export async function topicStatuses(topics: Topics, names: PipelineTopics): Promise<readonly TopicStatus[]> {
  const lags = await recorderLags(topics, names);
  return Promise.all(
    lags.map(async ({ topic, group, records, bytes, oldest }): Promise<TopicStatus> => {
      const partitions = await topics.ends(topic);
      return {
        name: topic,
        partitions: partitions.length,
        records: partitions.reduce((sum, { first, next }) => sum + next - first, 0),
        end: partitions.reduce((sum, { next }) => sum + next, 0),
        lag: { group, records, bytes, ...(oldest === undefined ? {} : { oldest }) },
      };
    }),
  );
}
