// The faults, each with its end: after `act` everything runs again as before, and the pipeline has to catch up by itself.

import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { ServerProcess } from '../../servers/server-process.ts';
import type { Role } from './role.ts';
import type { World } from './world.ts';

export interface Scenario {
  readonly fault: string;
  /** Part of `make test` too. */
  readonly short: boolean;
  act(world: World, options: { readonly random: () => number; readonly pauseMs: number }): Promise<void>;
}

/** Some blocks and steps pass between two blows. */
const breathMs = 1_500;
const TEN_MINUTES_MS = 600_000;

const one = <T>(of: readonly T[], random: () => number): T => of[Math.floor(random() * of.length)] as T;

const server = (world: World, kind: 'kafka' | 'cassandra' | 'mariadb', random: () => number): ServerProcess =>
  one(world.servers.of[kind] ?? [], random);

async function restart(of: ServerProcess, awayMs: number): Promise<void> {
  await of.kill();
  await sleep(awayMs);
  await of.start();
}

async function freeze(of: { pause(): void; resume(): void }, forMs: number): Promise<void> {
  of.pause();
  await sleep(forMs);
  of.resume();
}

export const scenarios: readonly Scenario[] = [
  {
    fault: 'kill -9 of streamer, recorder and processor at random',
    short: true,
    act: async ({ roles }, { random }) => {
      for (let kill = 0; kill < 6; kill++) {
        one(roles, random).kill();
        await sleep(breathMs * random());
      }
    },
  },
  {
    fault: 'two streamers at once, the older one wakes up late',
    short: true,
    act: async (world, { pauseMs }) => {
      const [older] = world.of('stream') as [Role];
      older.pause();
      const newer = world.more('stream', { again: false });
      await sleep(pauseMs);
      older.resume();
      await sleep(breathMs);
      await newer.stop();
    },
  },
  {
    fault: 'two owners of blocks at once, each wakes up late',
    short: true,
    act: async (world, { pauseMs }) => {
      for (const recorder of world.of('record')) await freeze(recorder, pauseMs);
    },
  },
  {
    fault: 'kill -9 of a broker of three, and its restart',
    short: true,
    act: async (world, { random }) => restart(server(world, 'kafka', random), 4_000),
  },
  {
    fault: 'kill -9 of a Cassandra node of three, and its restart',
    short: true,
    act: async (world, { random }) => restart(server(world, 'cassandra', random), 4_000),
  },
  {
    fault: 'kill -9 of MariaDB in mid-commit, and its restart',
    short: true,
    act: async (world, { random }) => {
      for (let kill = 0; kill < 3; kill++) {
        await restart(server(world, 'mariadb', random), 500);
        await sleep(breathMs * random());
      }
    },
  },
  {
    fault: 'SIGSTOP of a broker',
    short: false,
    act: async (world, { random, pauseMs }) => freeze(server(world, 'kafka', random), pauseMs),
  },
  {
    fault: 'SIGSTOP of a Cassandra node',
    short: false,
    act: async (world, { random, pauseMs }) => freeze(server(world, 'cassandra', random), pauseMs),
  },
  {
    fault: 'SIGSTOP of MariaDB',
    short: false,
    act: async (world, { random, pauseMs }) => freeze(server(world, 'mariadb', random), pauseMs),
  },
  {
    fault: 'SIGSTOP of every role in turn',
    short: false,
    act: async ({ roles }, { pauseMs }) => {
      for (const role of roles) await freeze(role, pauseMs);
    },
  },
  {
    fault: 'all brokers away',
    short: false,
    act: async (world, { pauseMs }) => {
      const brokers = world.servers.of.kafka ?? [];
      await Promise.all(brokers.map((broker) => broker.kill()));
      await sleep(pauseMs);
      await Promise.all(brokers.map((broker) => broker.start()));
    },
  },
  {
    fault: 'every store away for ten minutes',
    short: false,
    act: async ({ servers }) => {
      const stores = [servers.of.kafka, servers.of.cassandra, servers.of.mariadb].flatMap((of) => of ?? []);
      await Promise.all(stores.map((store) => store.kill()));
      await sleep(TEN_MINUTES_MS);
      await Promise.all(stores.map((store) => store.start()));
    },
  },
  {
    fault: 'a rebalance storm: recorders come and go',
    short: true,
    act: async (world, { random }) => {
      for (let wave = 0; wave < 3; wave++) {
        const extra = [world.more('record', { again: false }), world.more('record', { again: false })];
        await sleep(2_000 + breathMs * random());
        extra[0]?.kill();
        await extra[1]?.stop();
      }
    },
  },
  {
    fault: 'the topics lose what recorders that were away had not read',
    short: true,
    act: async (world, { pauseMs }) => {
      const recorders = world.of('record');
      for (const recorder of recorders) recorder.pause();
      await sleep(pauseMs);
      await dropRecords(world);
      await sleep(breathMs);
      for (const recorder of recorders) recorder.resume();
    },
  },
];

/** As a retention shorter than the outage does: every record that is there now goes. */
async function dropRecords({ servers, pipeline }: World): Promise<void> {
  const brokers = (servers.addresses.KAFKA ?? '').replace('kafka://', '').split(',');
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    for (const name of ['transactions', 'logs', 'blocks']) {
      const topic = `${pipeline}.${name}`;
      const ends = await admin.fetchTopicOffsets(topic);
      const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
      await admin.deleteTopicRecords({ topic, partitions });
    }
  } finally {
    await admin.disconnect();
  }
}
