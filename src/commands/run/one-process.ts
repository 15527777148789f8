// Every role of a pipeline in one process: what `millrace run` is. Its stores are embedded where the manifest says
// managed, and used as given where it says external. Opens, wires and closes; the work is done by the roles.

import { join } from 'node:path';
import { parseRetention } from '../../api/duration.ts';
import type { Pipeline } from '../../api/pipeline.ts';
import { createQueryRunner } from '../../batch-engine/run-query.ts';
import type { ChainReader } from '../../chain/reader.ts';
import { createChangeSignal } from '../../change-signal.ts';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import { type EmbeddedStores, emptyFolder, openEmbeddedStores } from '../../data-folder/embedded-stores.ts';
import { checkIdentity, claimIdentity, type Identity, isNew } from '../../data-folder/identity.ts';
import { type FolderLock, lockFolder } from '../../data-folder/lock.ts';
import type { Logger } from '../../logger.ts';
import { createMetrics } from '../../metrics.ts';
import type { Processors } from '../../processor/processor.ts';
import type { Recorder } from '../../recorder/recorder.ts';
import { createHealth } from '../../status/health.ts';
import {
  metricsOfLag,
  metricsOfLog,
  metricsOfProcessors,
  metricsOfRecorder,
  metricsOfStores,
  metricsOfStreamer,
} from '../../status/metrics-of.ts';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import { observeStore } from '../../stores/opening/observe.ts';
import { storeNames } from '../../stores/opening/stores.ts';
import { pipelineTopics } from '../../stores/topics/pipeline-topics.ts';
import { readPosition } from '../../streamer/resume.ts';
import type { Streamer } from '../../streamer/streamer.ts';
import { together } from '../../together.ts';
import { startWeb } from '../../web/server/start-web.ts';
import { type Connection, connectEndpoints } from '../parts/connect-endpoints.ts';
import { enginesOver } from '../parts/engines.ts';
import { openersOf } from '../parts/external-stores.ts';
import { healthOfProcessors, healthOfRecorder, healthOfStore, healthOfStreamer } from '../parts/health-of.ts';
import { buildProcessors } from '../parts/processors.ts';
import { buildRecorder } from '../parts/recorder.ts';
import { buildStreamer, makeTopics } from '../parts/streamer.ts';
import { uiFolder } from '../parts/ui-folder.ts';
import { keepRetention } from './keep-retention.ts';
import { createStatus } from './status.ts';

export interface OneProcessOptions {
  readonly pipeline: Pipeline;
  /** Path of the manifest: relative files are beside it. */
  readonly manifest: string;
  readonly folder: string;
  readonly fresh: boolean;
  /** Nodes instead of the manifest's. */
  readonly rpc: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OneProcess {
  /** Address of the pages. */
  readonly url: string;
  readonly reader: ChainReader;
  readonly stores: EmbeddedStores;
  readonly streamer: Streamer;
  readonly recorder: Recorder;
  readonly processors: Processors;
  /** Of the log, in ms. */
  readonly retention: number | 'forever';
  /** First block wanted, as far as it is resolved. */
  readonly start: () => number | undefined;
  status(): Promise<PipelineStatus>;
  /** Runs until aborted or until a role fails. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** @throws DataFolderLocked, DataFolderForeign, DataFolderDamaged, WrongChain, EndpointUnreachable, PortInUse, … */
export async function openOneProcess(options: OneProcessOptions, signal: AbortSignal): Promise<OneProcess> {
  const closers: (() => Promise<unknown> | unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    return await open(options, signal, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  options: OneProcessOptions,
  signal: AbortSignal,
  closers: (() => Promise<unknown> | unknown)[],
  close: () => Promise<void>,
): Promise<OneProcess> {
  const { pipeline, folder, clock, logger } = options;
  const { spec } = pipeline;
  const { ethereum } = spec.chain;
  const retention = parseRetention(spec.transactionLog.retention);
  const metrics = createMetrics({ role: 'run', pipeline: pipeline.metadata.name });
  const health = createHealth({ clock, logger });
  metricsOfStores(metrics, () => health.answering());
  signal.addEventListener('abort', () => health.stopping(), { once: true });

  const external = openersOf(['topics', 'log', 'results', 'metadata'], {
    ...options,
    signal,
    unmadeLog: 'make',
    failed: (store, error) => metrics.storeFailed(storeNames[store], error),
  });

  const { chainId, logs } = ethereum;
  const asked: Identity = { pipeline: pipeline.metadata.name, chainId, logs };
  const lock: FolderLock = lockFolder(folder);
  closers.push(() => lock.release());
  const connect = async (resumeAt: number | undefined): Promise<Connection> => {
    const connection = await connectEndpoints({ ...options, resumeAt, signal });
    closers.push(() => connection.close());
    return connection;
  };
  if (!options.fresh) checkIdentity(folder, asked);
  // Nothing is forgotten, and a new folder is nobody's, before a node of the right chain has answered.
  const early = options.fresh || isNew(folder) ? await connect(undefined) : undefined;
  if (options.fresh) await emptyFolder(folder);
  claimIdentity(folder, asked);
  const stores = await openEmbeddedStores({ folder, external, clock, logger, logs });
  closers.push(() => stores.close());

  // Where the log is embedded, history is read in one order, so that its segments come out contiguous.
  const historyPartitions = external.log ? spec.topics.partitions : 1;
  await makeTopics(stores.topics, pipeline, { historyPartitions });
  const names = pipelineTopics(pipeline.metadata.name);
  const position = await readPosition(stores.topics, names.blocks);
  const { reader: connected, urls } = early ?? (await connect(position?.cursor.head.number));
  const reader = observeStore(connected, (error) => metrics.storeFailed('chain', error));

  const changed = createChangeSignal();
  const common = { pipeline, stores, clock, logger };
  const { streamer, start } = buildStreamer({ ...common, reader, signal });
  const recorder = buildRecorder({ ...common, onChange: () => changed.notify() });
  const engines = await enginesOver(stores.engine, { ...options, tempFolder: join(folder, 'tmp') });
  closers.push(() => engines.close());
  const processors = buildProcessors({
    ...common,
    engine: engines.engine,
    logChanged: (within) => changed.wait({ maxMs: 1_000, signal: within }),
  });
  const status = createStatus({
    pipeline,
    endpoints: urls,
    stores,
    names,
    streamer,
    recorder,
    processors,
    start,
    clock,
  });
  const { topics } = stores;
  for (const key of ['topics', 'log', 'results', 'metadata'] as const)
    healthOfStore(health, key, stores[key], names);
  healthOfStreamer(health, { streamer, reader, topics, names, signal });
  healthOfRecorder(health, { recorder, topics, names });
  healthOfProcessors(health, processors);
  metricsOfStreamer(metrics, streamer);
  metricsOfRecorder(metrics, recorder);
  metricsOfProcessors(metrics, processors);
  metricsOfLag(metrics, { topics, names, clock });
  metricsOfLog(metrics, stores.log);
  const web = await startWeb({
    host: options.host,
    port: options.port,
    status: status.read,
    health,
    metrics,
    log: stores.log,
    results: stores.results,
    metadata: stores.metadata,
    live: { topics: stores.topics, names },
    query: createQueryRunner({ stores, signal }),
    logs,
    token: lock.token,
    logger: logger.child({ role: 'web', level: 'warn' }),
    uiFolder,
  });
  closers.push(() => web.close());
  lock.announce(web.url);

  return {
    url: web.url,
    reader,
    stores,
    streamer,
    recorder,
    processors,
    retention,
    start,
    status: status.read,
    run: async (until) => {
      status.set({ state: 'running' });
      try {
        await together(until, (stop, begin) => {
          begin(streamer.run(stop));
          begin(recorder.run(stop));
          begin(processors.run(stop));
          begin(health.run(stop));
          begin(keepRetention({ stores, retention, clock, logger, signal: stop }));
        });
      } finally {
        status.set({ state: 'stopping' });
      }
    },
    close,
  };
}
