// One role as a process: reads the manifest, answers its watchers from the first moment, opens its stores, works, and
// ends within a deadline. A wrong manifest, flag or Secret ends it at once; trouble outside never does.

import { readManifest } from '../../api/read-manifest.ts';
import { systemClock } from '../../clock.ts';
import { readConfig } from '../../config.ts';
import { createLogger } from '../../logger.ts';
import { createMetrics } from '../../metrics.ts';
import { createHealth } from '../../status/health.ts';
import { metricsOfStores } from '../../status/metrics-of.ts';
import { type Stores, storeNames } from '../../stores/opening/stores.ts';
import { pipelineTopics } from '../../stores/topics/pipeline-topics.ts';
import { isAbort, together } from '../../together.ts';
import { openersOf, refuseManaged } from '../parts/external-stores.ts';
import { healthOfStore } from '../parts/health-of.ts';
import { stopOnSignals } from '../parts/stop-on-signals.ts';
import { awaitTopics } from './await-topics.ts';
import { createEnding } from './ending.ts';
import { startHealthServer } from './health-server.ts';
import { type PersistDeps, persist, persistRunning } from './persist.ts';
import type { Role, RoleContext } from './role.ts';

export interface RoleFlags {
  readonly file: string;
  readonly rpc?: readonly string[];
  readonly host?: string;
  readonly port?: number;
  readonly defaultPort: number;
  /** In ms. */
  readonly shutdownTimeout: number;
}

/** What keeps the process alive after everything is closed may do so for this long. */
const lingerMs = 500;

export async function runRole(role: Role, flags: RoleFlags): Promise<void> {
  const config = readConfig();
  const pipeline = await readManifest(flags.file);
  const stores = role.stores(pipeline);
  refuseManaged(stores, pipeline, role.name);
  const clock = systemClock;
  const logger = createLogger({ level: config.logLevel });
  const metrics = createMetrics({ role: role.name, pipeline: pipeline.metadata.name });
  const stop = stopOnSignals();
  const { signal } = stop;
  const openers = openersOf(stores, {
    pipeline,
    config,
    unmadeLog: role.unmadeLog ?? 'wait',
    signal,
    clock,
    logger,
    failed: (store, error) => metrics.storeFailed(storeNames[store], error),
  });
  const health = createHealth({ clock, logger });
  metricsOfStores(metrics, () => health.answering());
  signal.addEventListener('abort', () => health.stopping(), { once: true });
  const settings = config.role(role.name);
  const host = flags.host ?? settings.host ?? '127.0.0.1';
  const port = flags.port ?? settings.port ?? flags.defaultPort;
  const server = await startHealthServer({ host, port, health, metrics });
  logger.info(
    { url: server.url },
    `${role.name} of ${pipeline.metadata.name}: watched at ${server.url}readyz`,
  );

  const limitMs = flags.shutdownTimeout;
  const ending = createEnding({ stop, limitMs, silent: () => health.silent(), logger });
  ending.onClose('the server of /readyz', () => server.close());
  const deps: PersistDeps = {
    clock,
    logger,
    signal,
    onTrouble: (what, trouble) => health.problem(what, trouble?.error.message),
  };
  const names = pipelineTopics(pipeline.metadata.name);
  const context: RoleContext = {
    pipeline,
    manifest: flags.file,
    rpc: flags.rpc ?? [],
    names,
    config,
    clock,
    logger,
    metrics,
    health,
    server,
    host,
    signal,
    store: async (key) => {
      const open = openers[key] as () => Promise<Stores[typeof key]>;
      const store = await persist(`opening the ${storeNames[key]}`, open, deps);
      ending.onClose(`the ${storeNames[key]}`, () => store.close());
      healthOfStore(health, key, store, names);
      return store;
    },
    topicsMade: (topics) =>
      persist(
        'looking for the topics',
        () =>
          awaitTopics(topics, Object.values(names), {
            clock,
            logger,
            signal,
            waiting: (problem) => health.problem('topics of the pipeline', problem),
          }),
        deps,
      ),
    persist: (what, action) => persist(what, action, deps),
    onClose: ending.onClose,
  };
  const work = async (): Promise<void> => {
    health.problem('start', 'it is starting');
    await together(signal, async (within, begin) => {
      begin(health.run(within));
      const run = await role.open(context);
      health.problem('start', undefined);
      logger.info(`${role.name} of ${pipeline.metadata.name} works`);
      begin(persistRunning(`${role.name} as a whole`, run, { ...deps, signal: within }));
    });
  };
  try {
    await ending.around(async () => {
      await work().catch((error: unknown) => {
        if (!isAbort(error, signal)) throw error;
      });
    });
    logger.info(`${role.name} of ${pipeline.metadata.name} has stopped`);
  } finally {
    // A client that keeps a timer or a socket must not keep the process.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}
