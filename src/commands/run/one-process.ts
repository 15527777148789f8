// Every role of a pipeline in one process on the embedded stores: what `millrace run` is. Opens, wires and closes; the
// work is done by the roles.

import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDuration, parseRetention } from '../../api/duration.ts';
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
import { createProcessors, type Processors } from '../../processor/processor.ts';
import { createRecorder, type Recorder, recorderGroups } from '../../recorder/recorder.ts';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import type { Owner } from '../../stores/results/port.ts';
import { pipelineTopics, topicSpecs } from '../../stores/topics/pipeline-topics.ts';
import { readPosition } from '../../streamer/resume.ts';
import { createStreamer, type Streamer } from '../../streamer/streamer.ts';
import { together } from '../../together.ts';
import { startWeb } from '../../web/server/start-web.ts';
import { type Connection, connectEndpoints } from './connect-endpoints.ts';
import { keepRetention } from './keep-retention.ts';
import { createFirstWanted } from './start-block.ts';
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

const uiFolder = join(dirname(fileURLToPath(import.meta.url)), '../../../build/ui');
const processorMemory = 256 * 1024 * 1024;

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

  const asked: Identity = { pipeline: pipeline.metadata.name, chainId: ethereum.chainId };
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
  const stores = await openEmbeddedStores({ folder, clock, logger });
  closers.push(() => stores.close());

  const names = pipelineTopics(pipeline.metadata.name);
  await stores.topics.create(
    topicSpecs(names, {
      partitions: spec.topics.partitions,
      // One process reads history in one order, so that segments come out contiguous.
      historyPartitions: 1,
      retention: parseRetention(spec.topics.retention),
    }),
  );
  const position = await readPosition(stores.topics, names.blocks);
  const { reader, urls } = early ?? (await connect(position?.cursor.head.number));

  const retention = parseRetention(spec.transactionLog.retention);
  const changed = createChangeSignal();
  const first = createFirstWanted({
    reader,
    log: stores.log,
    start: ethereum.start,
    retention,
    clock,
    signal,
  });
  const streamer = createStreamer({
    reader,
    topics: stores.topics,
    names,
    log: stores.log,
    finality:
      ethereum.finality.depth === undefined ? { tag: 'finalized' } : { depth: ethereum.finality.depth },
    start: (finalized) => first.at(finalized),
    recorderGroups,
    clock,
    logger: logger.child({ role: 'streamer' }),
  });
  const recorder = createRecorder({
    topics: stores.topics,
    names,
    log: stores.log,
    retention,
    clock,
    logger: logger.child({ role: 'recorder' }),
    onChange: () => changed.notify(),
  });
  const processors = createProcessors({
    specs: spec.processors.map(({ name, owner, sql, window }) => ({
      name,
      owner: owner as Owner,
      sql,
      window: parseDuration(window) / 1_000,
    })),
    log: stores.log,
    results: stores.results,
    engine: stores.engine,
    limits: { timeMs: 10 * 60_000, rows: 1_000_000, memoryBytes: processorMemory, bytes: processorMemory },
    retention,
    holder: randomUUID(),
    clock,
    logger: logger.child({ role: 'processor' }),
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
    start: () => first.known(),
    clock,
  });
  const web = await startWeb({
    host: options.host,
    port: options.port,
    status: status.read,
    log: stores.log,
    results: stores.results,
    metadata: stores.metadata,
    query: createQueryRunner({ stores, signal }),
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
    start: () => first.known(),
    status: status.read,
    run: async (until) => {
      status.set({ state: 'running' });
      try {
        await together(until, (stop, begin) => {
          begin(streamer.run(stop));
          begin(recorder.run(stop));
          begin(processors.run(stop));
          begin(keepRetention({ stores, retention, clock, logger, signal: stop }));
        });
      } finally {
        status.set({ state: 'stopping' });
      }
    },
    close,
  };
}
