// The figures of a pipeline for a process that runs none of its stages: all of them read back from the stores. What
// only a stage itself knows (what it buffers, why it waits) is absent.

import type { Pipeline } from '../api/pipeline.ts';
import { parseEndpoint } from '../chain/rpc/endpoint-name.ts';
import type { Clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import { sharedFor } from '../metrics.ts';
import { windowStart } from '../processor/windows.ts';
import type { Stores } from '../stores/opening/stores.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Topics } from '../stores/topics/port.ts';
import type { BlocksWatch, SeenBlock } from './blocks-watch.ts';
import { createCoverageStatus } from './coverage-status.ts';
import { plural } from './figures.ts';
import { totalLag } from './lags.ts';
import type { BlockStatus, PipelineStatus, ProcessorStatus } from './pipeline-status.ts';
import { createRateMeter } from './rate-meter.ts';
import { topicStatuses } from './topic-statuses.ts';

/** Sizes cost the stores most: read at most this often, in ms. */
const sizesHoldMs = 5_000;

export function createStatusOfStores(deps: {
  readonly pipeline: Pipeline;
  readonly stores: Pick<Stores, 'topics' | 'log' | 'results'>;
  readonly names: PipelineTopics;
  readonly blocks: BlocksWatch;
  readonly stopping: () => boolean;
  readonly clock: Clock;
}): () => Promise<PipelineStatus> {
  const { pipeline, stores, names, blocks, clock } = deps;
  const { ethereum } = pipeline.spec.chain;
  const startedAt = clock.now();
  const meter = createRateMeter(15_000);
  const coverageStatus = createCoverageStatus();
  const sizes = sharedFor(sizesHoldMs, async () => ({
    log: await stores.log.size(),
    topics: await topicsStatus(stores.topics, names),
  }));

  return async () => {
    const now = clock.now();
    const coverage = await stores.log.coverage();
    const bounds = await stores.log.bounds();
    const size = await sizes();
    const newestFinal = coverage.at(-1);
    // An age or a date is resolved against the chain, which this process does not read; history is read from its first
    // block on, so that is the oldest one covered.
    const start = typeof ethereum.start === 'number' ? ethereum.start : coverage[0]?.from;
    const finalized = blocks.finalized();
    const processors = await processorStatuses(deps, newestFinal?.toTime);
    return {
      pipeline: pipeline.metadata.name,
      chainId: ethereum.chainId,
      // The others are in Secrets, which this process does not read.
      endpoints: ethereum.endpoints.flatMap(({ url }) => (url === undefined ? [] : [endpointName(url)])),
      startedAt,
      now,
      state: deps.stopping() ? 'stopping' : 'running',
      head: await blockStatus(blocks.head(), stores.log),
      finalized: await blockStatus(finalized, stores.log),
      start,
      stages: [
        {
          name: 'streamer',
          height: blocks.head()?.number,
          lag: {},
        },
        {
          name: 'recorder',
          height: bounds?.newest.number,
          lag: totalLag((size.topics.each ?? []).map(({ lag }) => lag)),
          transactionsPerSecond: Math.max(0, meter.rate(size.log.transactions, now)),
        },
        {
          name: 'processor',
          height: newestFinal?.to,
          lag: {},
          detail: plural(
            processors.reduce((sum, { windowsDone }) => sum + windowsDone, 0),
            'window',
          ),
        },
      ],
      coverage: coverageStatus({ coverage, start, finalized: finalized?.number, now }),
      reorgs: blocks.reorgs(),
      log: size.log,
      topics: size.topics,
      processors,
      memory: { rssBytes: process.memoryUsage.rss() },
    };
  };
}

/** Topics that nobody has made yet keep nobody waiting. */
async function topicsStatus(topics: Topics, names: PipelineTopics): Promise<PipelineStatus['topics']> {
  try {
    const each = await topicStatuses(topics, names);
    // What it has not made itself a client may not be able to weigh.
    const { bytes } = await topics.size();
    const records = each.reduce((sum, topic) => sum + topic.records, 0);
    return { records, ...(bytes > 0 ? { bytes } : {}), each };
  } catch (error) {
    if (!isMillraceError(error, 'TopicUnknown')) throw error;
    return { records: 0, each: [] };
  }
}

function endpointName(url: string): string {
  return url.startsWith('replay:') ? url.replace(/\?.*/, '') : parseEndpoint(url).name;
}

async function blockStatus(
  block: SeenBlock | undefined,
  log: Pick<Stores['log'], 'block'>,
): Promise<BlockStatus | undefined> {
  if (!block) return undefined;
  const timestamp = block.timestamp ?? (await log.block(block.hash))?.timestamp;
  return timestamp === undefined ? undefined : { number: block.number, hash: block.hash, timestamp };
}

/** As far as the tables tell: which windows are done. Whether a processor has failed only its own process knows. */
async function processorStatuses(
  { pipeline, stores }: Parameters<typeof createStatusOfStores>[0],
  coveredTo: number | undefined,
): Promise<readonly ProcessorStatus[]> {
  const tables = await stores.results.tables();
  return Promise.all(
    pipeline.spec.processors.map(async ({ name, owner }): Promise<ProcessorStatus> => {
      const table = tables.find((each) => each.processor === name && each.owner === owner);
      if (!table) return { name, owner, table: '', windowsDone: 0 };
      const { windows, newest } = await stores.results.progress(table);
      const open = coveredTo === undefined ? undefined : windowStart(coveredTo, table.window);
      return {
        name,
        owner,
        table: table.name,
        windowsDone: windows,
        newestWindow: newest,
        openWindow: open === undefined ? undefined : { start: open, end: open + table.window },
      };
    }),
  );
}
