// `millrace process`: transaction log → results. Any number of them share the windows by claiming them.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metricsOfLog, metricsOfProcessors } from '../../status/metrics-of.ts';
import { openEngines } from '../parts/engines.ts';
import { healthOfProcessors } from '../parts/health-of.ts';
import { buildProcessors, readsTopics } from '../parts/processors.ts';
import type { Role } from './role.ts';

/** How often the log is asked for new coverage. */
const lookEveryMs = 1_000;

export const process: Role = {
  name: 'process',
  stores: (pipeline) => (readsTopics(pipeline) ? ['log', 'results', 'topics'] : ['log', 'results']),
  open: async (context) => {
    const { pipeline, clock, logger, metrics, health } = context;
    const log = await context.store('log');
    const results = await context.store('results');
    const tempFolder = await mkdtemp(join(tmpdir(), 'millrace-process-'));
    context.onClose('the temporary folder', () => rm(tempFolder, { recursive: true, force: true }));
    const engines = await openEngines({ ...context, tempFolder });
    context.onClose('the engines', () => engines.close());
    const topics = readsTopics(pipeline) ? await context.store('topics') : undefined;
    if (topics) await context.topicsMade(topics);
    const processors = buildProcessors({
      pipeline,
      stores: { log, results, ...(topics ? { topics } : {}) },
      engine: engines.engine,
      clock,
      logger,
      logChanged: (within) => clock.sleep(lookEveryMs, within),
    });
    metricsOfProcessors(metrics, processors);
    metricsOfLog(metrics, log);
    healthOfProcessors(health, processors);
    return (within) => processors.run(within);
  },
};
