// The four servers that the real stores are, started together on free loopback ports.

import type { TestServer } from './address.ts';
import { startCassandra } from './cassandra.ts';
import { startKafka } from './kafka.ts';
import { startMariaDb } from './mariadb.ts';
import { startMongo } from './mongo.ts';
import type { ServerProcess } from './server-process.ts';

export interface StartOptions {
  /** Data, settings and log files; a fresh one each time. */
  readonly folder: string;
  /** Brokers, and Cassandra nodes. */
  readonly nodes: 1 | 3;
  /** Hears what takes a while. */
  readonly say: (line: string) => void;
  /** Outlives this process. */
  readonly detached: boolean;
}

export type Addresses = Readonly<Partial<Record<TestServer, string>>>;

/** Servers of one kind. */
export interface Cluster {
  readonly addresses: Addresses;
  readonly servers: readonly ServerProcess[];
}

const starters = {
  kafka: startKafka,
  cassandra: startCassandra,
  mariadb: startMariaDb,
  mongo: startMongo,
} as const;
export type ServerKind = keyof typeof starters;

export interface Servers {
  readonly addresses: Addresses;
  readonly of: Readonly<Partial<Record<ServerKind, readonly ServerProcess[]>>>;
  stop(): Promise<void>;
}

/** All that start are stopped again when one does not. */
export async function startServers(
  options: StartOptions & { readonly kinds?: readonly ServerKind[] },
): Promise<Servers> {
  const kinds = options.kinds ?? (Object.keys(starters) as ServerKind[]);
  const outcomes = await Promise.allSettled(
    kinds.map(async (kind) => {
      const started = performance.now();
      const cluster = await starters[kind](options);
      options.say(`${kind} is ready after ${((performance.now() - started) / 1_000).toFixed(0)} s`);
      return [kind, cluster] as const;
    }),
  );
  const clusters = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(clusters.flatMap(([, { servers }]) => servers.map((server) => server.stop())));
  };
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return {
    addresses: Object.assign({}, ...clusters.map(([, { addresses }]) => addresses)),
    of: Object.fromEntries(clusters.map(([kind, { servers }]) => [kind, servers])),
    stop,
  };
}
