// How far the recorder's groups are behind the topics: one reading for status, metrics and readiness.

import { recorderGroups } from '../recorder/recorder.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Lag, Topics } from '../stores/topics/port.ts';

export interface GroupLag extends Lag {
  readonly group: string;
  readonly topic: string;
}

/** Each topic with the group that records it. */
export function recordedTopics(names: PipelineTopics): readonly { group: string; topic: string }[] {
  const groups = recorderGroups(names);
  return [
    { group: groups.history, topic: names.history },
    { group: groups.canonical, topic: names.blocks },
    { group: groups.rows, topic: names.transactions },
    { group: groups.rows, topic: names.logs },
  ];
}

export async function recorderLags(topics: Topics, names: PipelineTopics): Promise<readonly GroupLag[]> {
  return Promise.all(
    recordedTopics(names).map(async (at) => ({ ...at, ...(await topics.lag(at.group, at.topic)) })),
  );
}

/** Of all groups together. */
export function totalLag(lags: readonly Pick<Lag, 'records' | 'bytes'>[]): {
  readonly records: number;
  readonly bytes: number;
} {
  return {
    records: lags.reduce((sum, lag) => sum + lag.records, 0),
    bytes: lags.reduce((sum, lag) => sum + lag.bytes, 0),
  };
}
