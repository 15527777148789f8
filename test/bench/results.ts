// Log → MariaDB. First the writing alone: a window's rows beside the bare driver's batch inserts of the same rows into a table
// of the same shape. Then the whole way: one processor process over a full log in Cassandra, a row for each transaction.

import { randomBytes } from 'node:crypto';
import { type Connection, createConnection } from 'mariadb';
import { openDuckDbEngine } from '../../src/batch-engine/duckdb.ts';
import type { BatchEngine } from '../../src/batch-engine/port.ts';
import { systemClock } from '../../src/clock.ts';
import { windowLimits } from '../../src/commands/parts/processors.ts';
import { coveredWindows, type WindowRange } from '../../src/processor/windows.ts';
import { bind } from '../../src/stores/results/mariadb/column-types.ts';
import type { ResultColumn, ResultRow, Results, ResultTable } from '../../src/stores/results/port.ts';
import type { TransactionLog } from '../../src/stores/transaction-log/port.ts';
import { externalManifest, openTestLog, openTestResults } from '../servers/stores.ts';
import { bareReads } from './bare-reads.ts';
import { readBlocks, rowsOf } from './chain-rows.ts';
import { type Figure, figure } from './figures.ts';
import { memory } from './memory.ts';
import { startRoleProcess } from './role-process.ts';
import { type Bench, quantile, rateOf } from './stage.ts';
import { startWarmNode } from './warm-node.ts';
import { timedWindow } from './window-times.ts';

const transactionsPerBlock = 190;
const window = 600;
const rounds = 5;
const chunkRows = 2_000;
/** Rows of the comparison with the bare driver: about four windows. */
const sampleRows = 40_000;
const profiledWindows = 8;
const limitMs = 600_000;
const readColumns = 'hash block_number from_address to_address value gas_price block_timestamp'.split(' ');
const signal = new AbortController().signal;
const sql = `SELECT ${readColumns.join(', ')} FROM transactions`;

export const benchResults: Bench = async (stage) => {
  const { addresses, folder, transactions, say } = stage;
  const suffix = randomBytes(3).toString('hex');
  const pipeline = `bench-${suffix}`;
  const log = await openTestLog(addresses, { pipeline, replicationFactor: 1 });
  const results = await openTestResults(addresses, pipeline);
  const engine = await openDuckDbEngine({ tempFolder: folder, clock: systemClock });
  try {
    const filled = await fillLog(log, transactions);
    say(`Cassandra → MariaDB: ${filled} transactions in the log`);
    const [covered] = await log.coverage();
    if (!covered) throw new Error('the log covers nothing');
    const windows = coveredWindows(covered, window);
    const columns = await engine.describe({ sql, where: 'the bench' });
    const place = { log, engine, results };

    say('a window of rows, and the bare driver …');
    const sample = await sampleOf(place, windows);
    const writing = await compareWriting(results, addresses.MARIADB ?? '', { columns, sample, suffix });

    say('the bare driver reading …');
    const blocks = await log.blocks({ range: { time: windows }, limit: Number.MAX_SAFE_INTEGER });
    const reading = await bareReads(addresses.CASSANDRA ?? '', {
      keyspace: pipeline.replaceAll('-', '_'),
      columns: readColumns,
      blocks: blocks.map(({ hash }) => hash),
    });
    say('the processor …');
    const manifest = externalManifest(folder, {
      ...{ pipeline, addresses, nodes: ['http://127.0.0.1:9'], replicationFactor: 1, partitions: 6 },
      processors: [{ name: `rows-${suffix}`, window: `${window}s`, engine: 'duckdb', sql }],
    });
    const target = await rowsIn(log, windows);
    const processor = startRoleProcess(['process', '-f', manifest], folder);
    let whole: readonly Figure[];
    try {
      const count = () => rowsOfTable(results, `rows-${suffix}`);
      const { perSecond } = await rateOf(count, { target, limitMs });
      whole = [
        figure({
          name: 'mariadb: the log to a table',
          unit: 'rows/s',
          ours: perSecond,
          reference: 'bare batch inserts',
          theirs: writing.bare,
        }),
        figure({
          name: 'mariadb: the log to a table, beside reading and inserting alone',
          unit: 'rows/s',
          ours: perSecond,
          reference: 'bare reads, then bare batch inserts',
          theirs: 1 / (1 / reading + 1 / writing.bare),
        }),
        ...memory('mariadb: processor, peak memory', processor.peakMb()),
      ];
    } finally {
      await processor.stop();
    }
    return [writing.figure, ...whole, ...(await profile(place, windows, { columns, suffix }))];
  } finally {
    await engine.close();
    await results.close();
    await log.close();
  }
};

interface Place {
  readonly log: TransactionLog;
  readonly engine: BatchEngine;
  readonly results: Results;
}

/** Answers how many transactions. */
async function fillLog(log: TransactionLog, transactions: number): Promise<number> {
  const blocks = Math.ceil(transactions / transactionsPerBlock);
  const node = await startWarmNode({ blocks, finalityDistance: 0 });
  try {
    for await (const block of readBlocks(node, blocks)) await log.appendFinal([rowsOf(block)]);
    await log.flush();
    return node.transactions;
  } finally {
    await node.close();
  }
}

async function rowsIn(log: TransactionLog, { from, to }: WindowRange): Promise<number> {
  const blocks = await log.blocks({ range: { time: { from, to } }, limit: Number.MAX_SAFE_INTEGER });
  return blocks.reduce((sum, block) => sum + block.transaction_count, 0);
}

async function rowsOfTable(results: Results, processor: string): Promise<number> {
  const table = (await results.tables()).find((each) => each.processor === processor);
  return table ? (await results.progress(table)).rows : 0;
}

/** Rows as the SQL answers them. */
async function sampleOf({ log, engine }: Place, windows: WindowRange): Promise<readonly ResultRow[]> {
  const time = { from: windows.from, to: windows.to };
  const scan = await log.scan({ time, provisional: false });
  const request = { sql, where: 'the bench', scan, window: time, limits: windowLimits, signal };
  return engine.run(request, async ({ rows }) => {
    const sample: ResultRow[] = [];
    for await (const chunk of rows) {
      sample.push(...chunk);
      if (sample.length >= sampleRows) break;
    }
    return sample.slice(0, sampleRows);
  });
}

/** Ours and the bare driver take turns, so that what else the machine does meets both. */
async function compareWriting(
  results: Results,
  url: string,
  given: {
    readonly columns: readonly ResultColumn[];
    readonly sample: readonly ResultRow[];
    readonly suffix: string;
  },
): Promise<{ readonly figure: Figure; readonly bare: number }> {
  const { columns, sample, suffix } = given;
  const table = await tableFor(results, `write-${suffix}`, columns);
  const { hostname, port, username, password } = new URL(url);
  const driver = await createConnection({ host: hostname, port: Number(port), user: username, password });
  const [mine, theirs]: [number[], number[]] = [[], []];
  try {
    await driver.query(`CREATE TABLE cluster.bare_${suffix} LIKE cluster.${table.name}`);
    // The first of each warms up.
    for (let round = -1; round < rounds; round++) {
      const start = (round + 1) * window;
      const claim = await results.claim(table, start, { holder: 'bench', ttl: 60_000, now: Date.now() });
      const ours = await secondsOf(async () => claim?.replace(chunksOf(sample)));
      const bare = await secondsOf(() => bareInserts(driver, `cluster.bare_${suffix}`, start, given));
      if (round < 0) continue;
      mine.push(sample.length / ours);
      theirs.push(sample.length / bare);
    }
  } finally {
    await driver.end();
  }
  const bare = quantile(theirs, 0.5);
  return {
    bare,
    figure: figure({
      name: 'mariadb: a window’s rows',
      unit: 'rows/s',
      ours: quantile(mine, 0.5),
      reference: 'bare batch inserts',
      theirs: bare,
      goal: { of: 'ratio', atLeast: 0.7 },
    }),
  };
}

async function bareInserts(
  driver: Connection,
  table: string,
  start: number,
  { columns, sample }: { readonly columns: readonly ResultColumn[]; readonly sample: readonly ResultRow[] },
): Promise<void> {
  const windowStart = new Date(start * 1_000).toISOString().slice(0, 19);
  const names = ['window_start', 'window_row', ...columns.map(({ name }) => name)];
  const insert = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
  let row = 0;
  await driver.beginTransaction();
  for (const chunk of chunksOf(sample)) {
    const bound = chunk.map((values) => [
      windowStart,
      BigInt(row++),
      ...columns.map((column, at) => bind(column, values[at] ?? null)),
    ]);
    await driver.batch(insert, bound);
  }
  await driver.commit();
}

function* chunksOf(rows: readonly ResultRow[]): Iterable<readonly ResultRow[]> {
  for (let at = 0; at < rows.length; at += chunkRows) yield rows.slice(at, at + chunkRows);
}

function tableFor(
  results: Results,
  processor: string,
  columns: readonly ResultColumn[],
): Promise<ResultTable> {
  return results.ensureTable({ owner: 'cluster', processor, window, columns, fingerprint: 'bench' });
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

/** What a window's time goes into, one window after another. */
async function profile(
  place: Place,
  windows: WindowRange,
  { columns, suffix }: { readonly columns: readonly ResultColumn[]; readonly suffix: string },
): Promise<readonly Figure[]> {
  const table = await tableFor(place.results, `profile-${suffix}`, columns);
  const spent = { read: 0, compute: 0, insert: 0 };
  const last = Math.min(windows.to, windows.from + profiledWindows * window);
  for (let start = windows.from; start < last; start += window) {
    const times = await timedWindow({ ...place, table, sql, start, signal });
    for (const part of ['read', 'compute', 'insert'] as const) spent[part] += times[part];
  }
  const total = spent.read + spent.compute + spent.insert;
  const share = (name: string, ms: number) =>
    figure({ name: `mariadb: of a window, ${name}`, unit: '%', ours: (ms / total) * 100 });
  return [
    share('the Cassandra read', spent.read),
    share('DuckDB with what goes in and out', spent.compute),
    share('the insert', spent.insert),
  ];
}
