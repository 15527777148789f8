// `millrace stream`: chain → topics. It makes the topics. A second one takes over: the first is fenced, and ends.

import type { MillraceError } from '../../errors.ts';
import { metricsOfLag, metricsOfStreamer } from '../../status/metrics-of.ts';
import { observed, observeStore } from '../../stores/opening/observe.ts';
import { readPosition } from '../../streamer/resume.ts';
import { connectEndpoints } from '../parts/connect-endpoints.ts';
import { endpointUrls } from '../parts/endpoint-urls.ts';
import { healthOfStreamer } from '../parts/health-of.ts';
import { buildStreamer, makeTopics } from '../parts/streamer.ts';
import type { Role } from './role.ts';

export const stream: Role = {
  name: 'stream',
  stores: () => ['topics', 'log'],
  // The recorder makes it once there is something to record; until then nothing is covered.
  unmadeLog: 'empty',
  open: async (context) => {
    const { pipeline, config, names, clock, logger, metrics, health, signal } = context;
    // A missing Secret is said before anything is waited for.
    endpointUrls(pipeline.spec.chain.ethereum.endpoints, context.rpc, config);
    const topics = await context.store('topics');
    const historyPartitions = pipeline.spec.topics.partitions;
    await context.persist('making the topics', () => makeTopics(topics, pipeline, { historyPartitions }));
    const log = await context.store('log');
    const failed = (error: MillraceError): void => metrics.storeFailed('chain', error);
    const connection = await context.persist('reaching the chain', async () => {
      const position = await readPosition(topics, names.blocks);
      return observed(connectEndpoints({ ...context, resumeAt: position?.cursor.head.number }), failed);
    });
    context.onClose('the connections to the nodes', () => connection.close());
    const reader = observeStore(connection.reader, failed);
    const { streamer } = buildStreamer({ pipeline, reader, stores: { topics, log }, clock, logger, signal });
    metricsOfStreamer(metrics, streamer);
    metricsOfLag(metrics, { topics, names, clock });
    healthOfStreamer(health, { streamer, reader, topics, names, signal });
    return (within) => streamer.run(within);
  },
};
