// A whole pipeline on three brokers, three Cassandra nodes and MariaDB, its roles as supervised processes, fed by a node
// whose head moves and reorganises: what faults are done to.

import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadChain } from '../../../src/chain/replay/load-chain.ts';
import { type ReplayNode, startReplay } from '../../../src/chain/replay/replay-node.ts';
import type { Results } from '../../../src/stores/results/port.ts';
import type { Topics } from '../../../src/stores/topics/port.ts';
import type { TransactionLog } from '../../../src/stores/transaction-log/port.ts';
import { exampleProcessors } from '../../millrace-process.ts';
import { type Servers, startServers } from '../../servers/cluster.ts';
import { externalManifest, openTestLog, openTestResults, openTestTopics } from '../../servers/stores.ts';
import { type Role, startRole } from './role.ts';
import { smallBlocks } from './small-blocks.ts';

export const windowSeconds = 60;

export interface World {
  readonly pipeline: string;
  readonly servers: Servers;
  readonly node: ReplayNode;
  readonly roles: readonly Role[];
  /** Roles by their command. */
  of(command: RoleCommand): readonly Role[];
  /** One more process of a role; not supervised unless `again`. */
  more(command: RoleCommand, options: { readonly again: boolean }): Role;
  /** Connections of the test's own. */
  readonly log: TransactionLog;
  readonly results: Results;
  readonly topics: Topics;
  /**
   * Waits until the log has what the node shows now: covered to its finalized block, every window that this closes done,
   * and its head recorded. Answers the finalized block and the seconds it took.
   */
  caughtUp(limitMs: number): Promise<{ readonly block: number; readonly seconds: number }>;
}

export type RoleCommand = 'stream' | 'record' | 'process';

/** The first one's SQL again, with provisional rows of the open window. */
export const liveProcessors = exampleProcessors
  .slice(0, 1)
  .map((processor) => ({ ...processor, name: `${processor.name}-live`, source: 'topic' }));

export interface WorldOptions {
  readonly folder: string;
  readonly blocks: number;
  readonly everyMs: number;
  readonly random: () => number;
}

const history = 60;
const finality = 12;
const transactionsPerBlock = 12;

export async function startWorld(t: TestContext, options: WorldOptions): Promise<World> {
  const { folder } = options;
  const servers = await startServers({
    folder: join(folder, 'servers'),
    nodes: 3,
    kinds: ['kafka', 'cassandra', 'mariadb'],
    say: (line) => t.diagnostic(line),
    detached: false,
  });
  t.after(() => servers.stop());
  const node = await startNode(t, options);
  const pipeline = `faults-${randomBytes(3).toString('hex')}`;
  const manifest = externalManifest(folder, {
    pipeline,
    addresses: servers.addresses,
    nodes: [node.url, node.wsUrl],
    replicationFactor: 3,
    partitions: 3,
    processors: [...exampleProcessors, ...liveProcessors],
  });

  // Kept after the run, for whoever asks what happened.
  const logs = new URL('../../../build/faults/', import.meta.url).pathname;
  rmSync(logs, { recursive: true, force: true });
  let count = 0;
  const role = (command: RoleCommand, again: boolean): Role => {
    count += 1;
    const name = `${command}-${count}`;
    const cwd = join(folder, name);
    mkdirSync(cwd, { recursive: true });
    const started = startRole({
      name,
      args: [command, '-f', manifest, '--port', '0'],
      cwd,
      env: { MILLRACE_LOG_LEVEL: 'info' },
      logFile: join(logs, `${name}.log`),
      again,
    });
    t.after(() => started.stop());
    return started;
  };
  const commands: readonly RoleCommand[] = ['stream', 'record', 'record', 'process', 'process'];
  const roles = commands.map((command) => role(command, true));

  const log = await openTestLog(servers.addresses, { pipeline, replicationFactor: 3 });
  t.after(() => log.close());
  const results = await openTestResults(servers.addresses, pipeline);
  t.after(() => results.close());
  const topics = await openTestTopics(servers.addresses, 3);
  t.after(() => topics.close());

  return {
    pipeline,
    servers,
    node,
    roles,
    of: (command) => roles.filter(({ name }) => name.startsWith(command)),
    more: (command, { again }) => role(command, again),
    log,
    results,
    topics,
    caughtUp: async (limitMs) => {
      const began = performance.now();
      const [block, head] = [node.finalized() ?? node.chain.first, node.head()];
      for (let problem = 'nothing was read yet'; ; ) {
        try {
          problem = await missing({ log, results, first: node.chain.first, block, head });
          if (problem === '') return { block, seconds: (performance.now() - began) / 1_000 };
        } catch (error) {
          problem = String(error);
        }
        if (performance.now() - began > limitMs) throw new Error(`not caught up to ${block}: ${problem}`);
        await sleep(100);
      }
    },
  };
}

/** What is not there yet; empty when all is. */
async function missing(asked: {
  readonly log: TransactionLog;
  readonly results: Results;
  readonly first: number;
  readonly block: number;
  readonly head: number;
}): Promise<string> {
  const { log, results, first, block, head } = asked;
  const coverage = await log.coverage();
  const [only] = coverage;
  if (coverage.length !== 1 || only === undefined || only.from > first || only.to < block)
    return `coverage is ${JSON.stringify(coverage.map(({ from, to }) => [from, to]))}`;
  const newest = (await log.bounds())?.newest.number ?? 0;
  if (newest < head) return `block ${newest} is recorded, the head was ${head}`;
  const last = await log.block(block);
  const closed = Math.floor((last?.timestamp ?? 0) / windowSeconds) * windowSeconds - windowSeconds;
  const tables = await results.tables();
  for (const { name } of [...exampleProcessors, ...liveProcessors]) {
    const table = tables.find(({ processor }) => processor === name);
    const done = table ? await results.progress(table) : undefined;
    if ((done?.newest ?? 0) < closed) return `${name} is done to ${done?.newest}, not ${closed}`;
  }
  return '';
}

async function startNode(t: TestContext, options: WorldOptions): Promise<ReplayNode> {
  const { folder, blocks, everyMs, random } = options;
  const files = smallBlocks(folder, transactionsPerBlock);
  const chain = await loadChain({ files, relink: { blocks, startNumber: 1_000 } });
  const start = chain.first + history;
  const reorgs: { at: number; depth: number }[] = [];
  for (let at = start + 8; at < chain.last - 2; at += 8 + Math.floor(random() * 6))
    reorgs.push({ at, depth: 1 + Math.floor(random() * 6) });
  const node = await startReplay({ chain, head: { start, everyMs }, finalityDistance: finality, reorgs });
  t.after(() => node.close());
  return node;
}
