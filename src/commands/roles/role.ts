// A role as a process: what it needs, and how it is made of opened stores.

import type { Pipeline } from '../../api/pipeline.ts';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import type { Logger } from '../../logger.ts';
import type { Metrics } from '../../metrics.ts';
import type { Health } from '../../status/health.ts';
import type { UnmadeLog } from '../../stores/opening/external.ts';
import type { StoreKey, Stores } from '../../stores/opening/stores.ts';
import type { PipelineTopics } from '../../stores/topics/pipeline-topics.ts';
import type { HealthServer } from './health-server.ts';

export type RoleName = 'stream' | 'record' | 'process' | 'web';

export interface Role {
  readonly name: RoleName;
  /** The stores that it works on; a managed one is refused. */
  stores(pipeline: Pipeline): readonly StoreKey[];
  /** What it does before the log is there. Default: waits for it. */
  readonly unmadeLog?: UnmadeLog;
  /** Opens what it needs; answers the loop that is its work. */
  open(context: RoleContext): Promise<(signal: AbortSignal) => Promise<void>>;
}

export interface RoleContext {
  readonly pipeline: Pipeline;
  /** Path of the manifest: relative files are beside it. */
  readonly manifest: string;
  /** Nodes instead of the manifest's. */
  readonly rpc: readonly string[];
  readonly names: PipelineTopics;
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Where it listens: /healthz, /readyz, /metrics. */
  readonly server: HealthServer;
  readonly host: string;
  /** Aborted when the role shall stop. */
  readonly signal: AbortSignal;
  /** Opens a store, tried again until it is there; it is probed from then on and closed with the role. */
  store<K extends StoreKey>(key: K): Promise<Stores[K]>;
  /** Waits until the streamer has made the pipeline's topics. */
  topicsMade(topics: Stores['topics']): Promise<void>;
  /** Tries until it succeeds, when the trouble is one that may pass. */
  persist<T>(what: string, action: () => Promise<T>): Promise<T>;
  /** Closed when the role ends, what came last first. */
  onClose(name: string, close: () => Promise<unknown>): void;
}
