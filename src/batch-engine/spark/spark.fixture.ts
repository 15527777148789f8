// What the tests of Spark share: 23 real blocks in a Cassandra keyspace of their own, results in a MariaDB database of their own, and
// an engine over both.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mariadb';
import { testServer } from '../../../test/servers/address.ts';
import { systemClock } from '../../clock.ts';
import { type Logger, silentLogger } from '../../logger.ts';
import { openMariaDbResults } from '../../stores/results/mariadb/open.ts';
import type { Results, ResultTable, ResultValue } from '../../stores/results/port.ts';
import { parseStoreUrl, type StoreAddress } from '../../stores/store-url.ts';
import { openCassandraLog } from '../../stores/transaction-log/cassandra/open.ts';
import { Session } from '../../stores/transaction-log/cassandra/session.ts';
import { mainnetBlocks } from '../../stores/transaction-log/mainnet-blocks.ts';
import type { FinalBlock, TransactionLog } from '../../stores/transaction-log/port.ts';
import { openDuckDbEngine } from '../duckdb.ts';
import type { BatchEngine, QueryLimits } from '../port.ts';
import { openSparkEngine, type SparkEngine, type SparkEngineOptions } from './open.ts';

const MiB = 1024 * 1024;
export const limits: QueryLimits = {
  timeMs: 600_000,
  rows: 100_000,
  memoryBytes: 256 * MiB,
  bytes: 64 * MiB,
};
/** All 23 blocks. */
export const window = { from: 1_689_206_400, to: 1_689_292_800 };
export const cache = process.env.MILLRACE_CACHE ?? fileURLToPath(new URL('../../../.cache', import.meta.url));

export interface SparkPlace {
  readonly log: TransactionLog;
  readonly results: Results;
  readonly duckdb: BatchEngine;
  readonly options: SparkEngineOptions;
  /** Rows of one window through an engine, as the store gives them back. */
  rows(
    engine: BatchEngine,
    sql: string,
    changed?: Partial<QueryLimits>,
  ): Promise<readonly (readonly ResultValue[])[]>;
  stagingTables(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openSparkPlace(
  options: {
    readonly blocks?: readonly FinalBlock[];
    readonly master?: string;
    readonly logger?: Logger;
  } = {},
): Promise<SparkPlace> {
  const clock = systemClock;
  const logger = options.logger ?? silentLogger;
  const cassandra = parseStoreUrl(testServer('CASSANDRA'), {
    where: 'MILLRACE_TEST_CASSANDRA',
    scheme: 'cassandra',
    defaultPort: 9042,
    options: ['datacenter'],
  });
  const name = `spark_${randomBytes(6).toString('hex')}`;
  const server = parseStoreUrl(testServer('MARIADB'), {
    where: 'MILLRACE_TEST_MARIADB',
    scheme: 'mariadb',
    defaultPort: 3306,
  });
  await admin(server, `CREATE DATABASE ${name}`);
  const mariadb: StoreAddress = { ...server, path: name };
  const keyspace = { address: cassandra, keyspace: name, replicationFactor: 1, clock, logger } as const;
  const log = await openCassandraLog({ ...keyspace, retention: 'forever' });
  await log.appendFinal(options.blocks ?? mainnetBlocks());
  await log.flush();
  const results = await openMariaDbResults({
    address: mariadb,
    pipeline: { name: 'test', chainId: 1 },
    clock,
    logger,
  });
  const tempFolder = await mkdtemp(join(tmpdir(), 'millrace-spark-'));
  const duckdb = await openDuckDbEngine({ tempFolder, clock, threads: 1 });
  let tables = 0;

  return {
    log,
    results,
    duckdb,
    options: {
      master: options.master ?? 'local[2]',
      cassandra,
      keyspace: name,
      results: mariadb,
      check: duckdb,
      cache,
      tempFolder,
      clock,
      logger,
    },
    rows: async (engine, sql, changed = {}) => {
      const where = 'test';
      const columns = await engine.describe({ sql, where });
      const processor = `p${++tables}`;
      const table = await results.ensureTable({
        owner: `user/${name}`,
        processor,
        window: window.to - window.from,
        columns,
        fingerprint: processor,
      });
      await runWindow({ engine, sql, table, log, results, limits: { ...limits, ...changed } });
      return (await results.read(table, {})).map(({ values }) => values);
    },
    stagingTables: async () => {
      const tables = await admin<[string][]>(
        server,
        `SELECT table_name FROM information_schema.tables WHERE table_schema = '${name}_staging'`,
      );
      return tables.map(([table]) => table);
    },
    close: async () => {
      await duckdb.close();
      await results.close();
      await log.close();
      const session = await Session.open(keyspace);
      await session.define(`DROP KEYSPACE IF EXISTS ${name}`, 'to drop');
      await session.close();
      const owners = await admin<[string][]>(server, `SELECT schema_name FROM ${name}.owners`);
      for (const [schema] of owners)
        if (schema.includes(name)) await admin(server, `DROP DATABASE IF EXISTS ${schema}`);
      await admin(server, `DROP DATABASE IF EXISTS ${name}_staging`);
      await admin(server, `DROP DATABASE ${name}`);
      await rm(tempFolder, { recursive: true });
    },
  };
}

export async function openSpark(
  place: SparkPlace,
  changed: Partial<SparkEngineOptions> = {},
): Promise<SparkEngine> {
  return openSparkEngine({ ...place.options, ...changed });
}

async function runWindow(options: {
  readonly engine: BatchEngine;
  readonly sql: string;
  readonly table: ResultTable;
  readonly log: TransactionLog;
  readonly results: Results;
  readonly limits: QueryLimits;
}): Promise<void> {
  const { engine, sql, table, log, results } = options;
  const claim = await results.claim(table, window.from, {
    holder: 'test',
    ttl: 600_000,
    now: systemClock.now(),
  });
  if (!claim) throw new Error('another test holds the window');
  const scan = await log.scan({ time: window, provisional: false });
  const staging = results.staging && { store: results.staging, table, start: window.from };
  const request = {
    sql,
    where: 'test',
    scan,
    window,
    staging,
    limits: options.limits,
    signal: new AbortController().signal,
  };
  await engine.run(request, ({ staged, rows }) =>
    staged && results.staging ? results.staging.replaceStaged(claim, staged) : claim.replace(rows),
  );
}

async function admin<T>({ hosts, user, password }: StoreAddress, sql: string): Promise<T> {
  const [{ host, port } = { host: '', port: 0 }] = hosts;
  const login = { ...(user !== undefined && { user }), ...(password !== undefined && { password }) };
  const connection = await createConnection({ host, port, rowsAsArray: true, ...login });
  try {
    return (await connection.query(sql)) as T;
  } finally {
    await connection.end();
  }
}
