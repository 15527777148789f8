// For tests: the web server over real embedded stores that hold 23 real mainnet blocks, 17,686,110 to 17,686,132, the
// last three of them provisional, and two result tables computed from their rows here, by plain code.

import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openDuckDbEngine } from '../../batch-engine/duckdb.ts';
import { createQueryRunner } from '../../batch-engine/run-query.ts';
import type { ChainBlock, RawBlock, RawReceipt } from '../../chain/block.ts';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { createMetrics } from '../../metrics.ts';
import { createHealth } from '../../status/health.ts';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import { openEmbeddedMetadata } from '../../stores/metadata/embedded.ts';
import type { Metadata } from '../../stores/metadata/port.ts';
import { openEmbeddedResults } from '../../stores/results/embedded.ts';
import type { ResultColumn, ResultRow, Results } from '../../stores/results/port.ts';
import { openEmbeddedTopics } from '../../stores/topics/embedded.ts';
import { type PipelineTopics, pipelineTopics, topicSpecs } from '../../stores/topics/pipeline-topics.ts';
import type { Topics } from '../../stores/topics/port.ts';
import { openEmbeddedTransactionLog } from '../../stores/transaction-log/embedded/open.ts';
import type { FinalBlock, TransactionLog } from '../../stores/transaction-log/port.ts';
import { blockRow, logRows, transactionRows } from '../../streamer/records.ts';
import type { RunQuery } from './query-routes.ts';
import { startWeb, type Web, type WebOptions } from './start-web.ts';

const examples = new URL('../../../examples/mainnet/', import.meta.url);
const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const provisionalBlocks = 3;
const windowSeconds = 60;

export interface WebFixture {
  web: Web;
  readonly token: string;
  readonly blocks: readonly FinalBlock[];
  readonly log: TransactionLog;
  readonly results: Results;
  readonly metadata: Metadata;
  /** Empty topics of the pipeline `mainnet`. */
  readonly topics: Topics;
  readonly names: PipelineTopics;
  /** The engine behind the server. */
  readonly query: RunQuery;
  /** What the server tells; a test may replace it. */
  status: PipelineStatus;
  /** Starts the server again on the port that it had. */
  restartWeb(): Promise<void>;
  close(): Promise<void>;
}

/** `uiFolder` defaults to one with a single page of a line. */
export async function openWebFixture(options: Partial<WebOptions> = {}): Promise<WebFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-web-'));
  const blocks = await readBlocks();
  const log = await openEmbeddedTransactionLog({
    folder: join(folder, 'log'),
    clock: systemClock,
    logger: silentLogger,
  });
  const results = await openEmbeddedResults({ file: join(folder, 'results.sqlite') });
  const metadata = await openEmbeddedMetadata({ file: join(folder, 'metadata.sqlite') });
  const topics = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock: systemClock });
  const names = pipelineTopics('mainnet');
  await topics.create(topicSpecs(names, { partitions: 3, historyPartitions: 1, retention: 'forever' }));
  await fillLog(log, blocks);
  await fillResults(results, blocks.slice(0, -provisionalBlocks));
  await mkdir(join(folder, 'tmp'));
  const engine = await openDuckDbEngine({ tempFolder: join(folder, 'tmp'), clock: systemClock });
  const stopping = new AbortController();
  const query = createQueryRunner({ stores: { log, results, engine }, signal: stopping.signal });
  const token = 'token-of-the-fixture';
  const health = createHealth({ clock: systemClock });
  health.ask('chain', () => (fixture.status.head ? undefined : 'no block was seen yet'));
  const start = (port: number) =>
    startWeb({
      port,
      status: async () => ({ ...fixture.status, now: Date.now() }),
      health,
      metrics: createMetrics({ role: 'run', pipeline: 'mainnet' }),
      log,
      results,
      metadata,
      live: { topics, names },
      query,
      token,
      logger: silentLogger,
      uiFolder: join(import.meta.dirname, '../ui'),
      ...options,
    });
  const fixture: WebFixture = {
    web: await start(0),
    token,
    blocks,
    log,
    results,
    metadata,
    topics,
    names,
    query,
    status: await statusOf(log, results, blocks),
    restartWeb: async () => {
      fixture.web = await start(Number(new URL(fixture.web.url).port));
    },
    close: async () => {
      await fixture.web.close();
      stopping.abort();
      await engine.close();
      await log.close();
      await results.close();
      await metadata.close();
      await topics.close();
      await rm(folder, { recursive: true });
    },
  };
  return fixture;
}

async function readBlocks(): Promise<readonly FinalBlock[]> {
  const read = async (name: string) =>
    gunzipSync(await readFile(new URL(name, examples)))
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const raw: readonly RawBlock[] = await read('mainnet-run-17686110-17686132.blocks.ndjson.gz');
  const receipts: readonly { receipts: readonly RawReceipt[] }[] = await read(
    'mainnet-run-17686110-17686132.receipts.ndjson.gz',
  );
  return raw.map((block, at) => {
    const chainBlock: ChainBlock = {
      number: Number(block.number),
      hash: block.hash,
      parentHash: block.parentHash,
      timestamp: Number(block.timestamp),
      block,
      receipts: receipts[at]?.receipts ?? [],
      bytes: 0,
    };
    return {
      block: blockRow(chainBlock),
      transactions: transactionRows(chainBlock),
      logs: logRows(chainBlock),
    };
  });
}

async function fillLog(log: TransactionLog, blocks: readonly FinalBlock[]): Promise<void> {
  await log.appendFinal(blocks.slice(0, -provisionalBlocks));
  await log.flush();
  for (const [at, { block, transactions, logs }] of blocks.slice(-provisionalBlocks).entries()) {
    await log.writeTransactions(block, transactions);
    await log.writeLogs(block, logs);
    await log.writeBlock(block);
    await log.setCanonical({ number: block.number, hash: block.hash, state: 'new', sequence: at + 1 });
  }
}

async function fillResults(results: Results, blocks: readonly FinalBlock[]): Promise<void> {
  const windows = Map.groupBy(
    blocks,
    ({ block }) => Math.floor(block.timestamp / windowSeconds) * windowSeconds,
  );
  await fillTable(results, windows, {
    processor: 'gas-by-minute',
    columns: [
      { name: 'transactions', type: 'integer' },
      { name: 'gas_used', type: 'decimal' },
      { name: 'base_fee', type: 'double' },
    ],
    rowsOf: (some) => [
      [
        some.reduce((sum, { transactions }) => sum + transactions.length, 0),
        String(some.reduce((sum, { block }) => sum + BigInt(String(block.gas_used)), 0n)),
        some.reduce((sum, { block }) => sum + Number(block.base_fee_per_gas) / some.length / 1e9, 0),
      ],
    ],
  });
  await fillTable(results, windows, {
    processor: 'transfers-by-token',
    columns: [
      { name: 'token_address', type: 'text' },
      { name: 'transfers', type: 'integer' },
      { name: 'senders', type: 'integer' },
      { name: 'amount', type: 'decimal' },
    ],
    rowsOf: (some) => {
      const transfers = some
        .flatMap(({ logs }) => logs)
        .filter((log) => log.topic0 === transferTopic && log.topic3 == null && log.data !== '0x');
      return [...Map.groupBy(transfers, (log) => log.address)].map(([token, logs]) => [
        token,
        logs.length,
        new Set(logs.map(({ topic1 }) => topic1)).size,
        String(logs.reduce((sum, { data }) => sum + BigInt(String(data)), 0n)),
      ]);
    },
  });
}

async function fillTable(
  results: Results,
  windows: ReadonlyMap<number, readonly FinalBlock[]>,
  table: {
    readonly processor: string;
    readonly columns: readonly ResultColumn[];
    readonly rowsOf: (blocks: readonly FinalBlock[]) => readonly ResultRow[];
  },
): Promise<void> {
  const made = await results.ensureTable({
    owner: 'cluster',
    processor: table.processor,
    window: windowSeconds,
    columns: table.columns,
    fingerprint: table.processor,
  });
  for (const [start, blocks] of windows) {
    const claim = await results.claim(made, start, { holder: 'fixture', ttl: 60_000, now: Date.now() });
    await claim?.replace([table.rowsOf(blocks)]);
  }
}

async function statusOf(
  log: TransactionLog,
  results: Results,
  blocks: readonly FinalBlock[],
): Promise<PipelineStatus> {
  const first = blocks[0]?.block;
  const head = blocks.at(-1)?.block;
  const finalized = blocks.at(-1 - provisionalBlocks)?.block;
  const tables = await results.tables();
  const size = await log.size();
  const stage = { lag: { blocks: 0, records: 0 }, transactions: size.transactions };
  return {
    pipeline: 'mainnet',
    chainId: 1,
    endpoints: ['http://127.0.0.1:8545'],
    startedAt: Date.now() - 20_000,
    now: Date.now(),
    state: 'running',
    head,
    finalized,
    start: first?.number,
    stages: [
      {
        ...stage,
        name: 'streamer',
        height: head?.number,
        transactionsPerSecond: 1234,
        bufferedBytes: 1_572_864,
      },
      {
        ...stage,
        name: 'recorder',
        height: head?.number,
        lag: { blocks: 2, records: 311 },
        transactionsPerSecond: 1100,
        bufferedBytes: 0,
        detail: 'history 17,686,110 to 17,686,120',
      },
      { ...stage, name: 'processor', height: finalized?.number, transactionsPerSecond: 0, bufferedBytes: 0 },
    ],
    coverage: {
      intervals: await log.coverage(),
      blocksWanted: blocks.length - provisionalBlocks,
      blocksCovered: blocks.length - provisionalBlocks,
    },
    reorgs: { count: 1, deepest: 3, last: { depth: 3, at: Date.now() - 12_000 } },
    log: size,
    topics: { records: 18_639, bytes: 12_582_912 },
    processors: await Promise.all(
      tables.map(async (table) => {
        const { windows, newest } = await results.progress(table);
        return {
          name: table.processor,
          owner: table.owner,
          table: table.name,
          state: 'waiting' as const,
          windowsDone: windows,
          newestWindow: newest,
          openWindow: { start: (newest ?? 0) + windowSeconds, end: (newest ?? 0) + 2 * windowSeconds },
        };
      }),
    ),
    memory: { rssBytes: process.memoryUsage.rss() },
  };
}
