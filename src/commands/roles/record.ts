// `millrace record`: topics → transaction log. Any number of them share the topics' partitions.

import { metricsOfLag, metricsOfLog, metricsOfRecorder } from '../../status/metrics-of.ts';
import { healthOfRecorder } from '../parts/health-of.ts';
import { buildRecorder } from '../parts/recorder.ts';
import type { Role } from './role.ts';

export const record: Role = {
  name: 'record',
  stores: () => ['topics', 'log'],
  unmadeLog: 'make',
  open: async (context) => {
    const { pipeline, names, clock, logger, metrics, health } = context;
    const log = await context.store('log');
    const topics = await context.store('topics');
    await context.topicsMade(topics);
    const recorder = buildRecorder({
      pipeline,
      stores: { topics, log },
      clock,
      logger,
      onChange: () => undefined,
    });
    metricsOfRecorder(metrics, recorder);
    metricsOfLag(metrics, { topics, names, clock });
    metricsOfLog(metrics, log);
    healthOfRecorder(health, { recorder, topics, names });
    return (within) => recorder.run(within);
  },
};
