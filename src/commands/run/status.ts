// The figures of a running pipeline, gathered from its roles and stores.

import type { Pipeline } from '../../api/pipeline.ts';
import { parseEndpoint } from '../../chain/rpc/endpoint-name.ts';
import type { Clock } from '../../clock.ts';
import type { EmbeddedStores } from '../../data-folder/embedded-stores.ts';
import type { ProcessorFigures, Processors } from '../../processor/processor.ts';
import type { Recorder } from '../../recorder/recorder.ts';
import { createCoverageStatus } from '../../status/coverage-status.ts';
import { plural } from '../../status/figures.ts';
import { recorderLags, totalLag } from '../../status/lags.ts';
import type { BlockStatus, PipelineStatus, ProcessorStatus } from '../../status/pipeline-status.ts';
import { createRateMeter } from '../../status/rate-meter.ts';
import type { PipelineTopics } from '../../stores/topics/pipeline-topics.ts';
import type { Streamer } from '../../streamer/streamer.ts';

export interface StatusSource {
  read(): Promise<PipelineStatus>;
  set(change: Pick<PipelineStatus, 'state' | 'problem'>): void;
}

export function createStatus(deps: {
  readonly pipeline: Pipeline;
  readonly endpoints: readonly string[];
  readonly stores: EmbeddedStores;
  readonly names: PipelineTopics;
  readonly streamer: Streamer;
  readonly recorder: Recorder;
  readonly processors: Processors;
  readonly start: () => number | undefined;
  readonly clock: Clock;
}): StatusSource {
  const { pipeline, stores, names, streamer, recorder, processors, clock } = deps;
  const startedAt = clock.now();
  const meters = {
    streamer: createRateMeter(),
    recorder: createRateMeter(),
  };
  const coverageStatus = createCoverageStatus();
  let state: Pick<PipelineStatus, 'state' | 'problem'> = { state: 'starting' };

  const read = async (): Promise<PipelineStatus> => {
    const now = clock.now();
    const streamed = streamer.figures();
    const recorded = recorder.figures();
    const coverage = await stores.log.coverage();
    const lag = totalLag(await recorderLags(stores.topics, names));
    const bounds = await stores.log.bounds();
    const start = deps.start();
    const covered = coverageStatus({ coverage, start, finalized: streamed.finalized?.number, now });
    const figures = processors.figures();
    const newestFinal = coverage.at(-1);
    const head = streamed.head && (await blockStatus(streamed.head));
    return {
      pipeline: pipeline.metadata.name,
      chainId: pipeline.spec.chain.ethereum.chainId,
      endpoints: deps.endpoints.map((url) => parseEndpoint(url).name),
      startedAt,
      now,
      ...state,
      ...(streamed.trouble === undefined ? {} : { problem: streamed.trouble }),
      head,
      finalized: streamed.finalized && (await blockStatus(streamed.finalized)),
      start,
      stages: [
        {
          name: 'streamer',
          height: streamed.head?.number,
          lag: { blocks: streamed.backlogBlocks },
          transactionsPerSecond: meters.streamer.rate(streamed.transactions, now),
          transactions: streamed.transactions,
          bufferedBytes: streamed.bufferedBytes,
          detail: historyDetail(streamed.historyWanted, covered.blocksWanted - covered.blocksCovered),
        },
        {
          name: 'recorder',
          height: recorded.height ?? bounds?.newest.number,
          lag,
          transactionsPerSecond: meters.recorder.rate(recorded.transactions, now),
          transactions: recorded.transactions,
          bufferedBytes: recorded.bufferedBytes,
        },
        {
          name: 'processor',
          height: newestFinal?.to,
          lag: {},
          detail: plural(
            figures.reduce((sum, processor) => sum + processor.windows, 0),
            'window',
          ),
        },
      ],
      coverage: covered,
      reorgs: streamed.reorgs,
      log: await stores.log.size(),
      topics: await stores.topics.size(),
      processors: figures.map(processorStatus),
      memory: { rssBytes: process.memoryUsage.rss() },
    };
  };

  const blockStatus = async ({
    number,
    hash,
  }: {
    number: number;
    hash: string;
  }): Promise<BlockStatus | undefined> => {
    const block = await stores.log.block(hash);
    return block && { number, hash, timestamp: block.timestamp };
  };

  return {
    read,
    set: (change) => {
      state = change;
    },
  };
}

function historyDetail(
  wanted: { readonly from: number; readonly to: number } | undefined,
  missing: number,
): string | undefined {
  return wanted && missing > 0 ? `history ${wanted.from} to ${wanted.to}` : undefined;
}

function processorStatus({
  spec,
  table,
  state,
  problem,
  windows,
  newestWindow,
  openWindow,
}: ProcessorFigures): ProcessorStatus {
  return {
    name: spec.name,
    owner: spec.owner,
    table: table?.name ?? '',
    state,
    windowsDone: windows,
    newestWindow,
    openWindow: openWindow === undefined ? undefined : { start: openWindow, end: openWindow + spec.window },
    ...(problem ? { problem: `${problem.code}: ${problem.message}` } : {}),
  };
}
