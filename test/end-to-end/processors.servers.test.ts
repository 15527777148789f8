// `millrace process` on the real servers, twice, side by side: rows from the log by both engines, provisional rows from
// the topics through a reorg, and files. Spark runs in each process; with MILLRACE_TEST_ROLES=all also on a master with a
// worker.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { prepareSpark } from '../../src/batch-engine/spark/setup.ts';
import { cache } from '../../src/batch-engine/spark/spark.fixture.ts';
import { startStandalone } from '../../src/batch-engine/spark/standalone.fixture.ts';
import { loadChain } from '../../src/chain/replay/load-chain.ts';
import { type ReplayNode, startReplay } from '../../src/chain/replay/replay-node.ts';
import { silentLogger } from '../../src/logger.ts';
import { ownDatabaseUrl } from '../../src/stores/results/mariadb/mariadb.fixture.ts';
import type { Results, ResultTable } from '../../src/stores/results/port.ts';
import { expectedResults, type RawChain } from '../expected-results.ts';
import { aFolder, exampleProcessors, mainnetFiles } from '../millrace-process.ts';
import { eventually, head, openResults, rawChain, ready, rolesOf, sample, stopsCleanly } from '../roles.ts';
import { testServer } from '../servers/address.ts';
import { dropPipeline } from '../servers/drop-pipeline.ts';
import { externalManifest } from '../servers/stores.ts';

const MINUTE = 60;
const blocks = 36;
const isLong = process.env.MILLRACE_TEST_ROLES === 'all';

/** Names of their own: the schema `cluster` is everybody's. */
function processorsOf(suffix: string) {
  const hashes = 'SELECT hash, block_number FROM transactions ORDER BY block_number, transaction_index';
  const live = 'SELECT count(*) AS blocks, max(number) AS newest, max_by(hash, number) AS last FROM blocks';
  const plain = [
    ...exampleProcessors.map((each) => ({ ...each, engine: 'duckdb' })),
    ...exampleProcessors.map((each) => ({ ...each, name: `${each.name}-spark`, engine: 'spark' })),
    { name: 'live', window: '1m', sql: live, source: 'topic', engine: 'duckdb' },
    ...['csv', 'parquet'].map((output) => ({ name: `hashes-${output}`, window: '1m', sql: hashes, output })),
  ];
  return plain.map((each) => ({ ...each, name: `${each.name}-${suffix}` }));
}

for (const where of isLong ? (['process', 'cluster'] as const) : (['process'] as const)) {
  test(`two processes share windows of tables, files and open windows; Spark in the ${where}`, {
    timeout: 400_000,
  }, async (t) => {
    let done = false;
    const suffix = randomBytes(4).toString('hex');
    const pipeline = `processors-${suffix}`;
    const processors = processorsOf(suffix);
    const tableOf = (name: string) => `${name}-${suffix}`.replaceAll('-', '_');
    const mariadb = await ownDatabaseUrl(t);
    const node = await aNode(t);
    const addresses = { KAFKA: testServer('KAFKA'), CASSANDRA: testServer('CASSANDRA'), MARIADB: mariadb };
    const manifest = externalManifest(aFolder(t), {
      ...{ pipeline, addresses, nodes: [node.url], replicationFactor: 1, partitions: 3, processors },
    });
    const role = rolesOf(t, {
      manifest,
      env: { MILLRACE_SPARK_MASTER: await sparkMaster(t, where), MILLRACE_CACHE: cache },
      failed: () => !done,
      cleanUp: () => {
        const tables = processors.map(({ name }) => `cluster.${name.replaceAll('-', '_')}`);
        return dropPipeline({ pipeline, tables });
      },
    });
    const [streamer, recorder, first, second] = await Promise.all([
      role('stream'),
      role('record'),
      role('process'),
      role('process'),
    ]);
    const results = await openResults(t, { url: mariadb, pipeline });
    const table = (name: string) => tableNamed(results, tableOf(name));

    // Every head is in the rows of its open window, that of a reorg too.
    const seen = new Set<string>();
    for (;;) {
      await head(node, streamer, node.head());
      const { blocks: open } = await rawChain(node, node.head());
      const newest = open.at(-1);
      assert.ok(newest);
      seen.add(newest.hash);
      const start = startOf(newest.timestamp);
      const inside = open.filter(({ timestamp }) => startOf(timestamp) === start);
      await eventually(`provisional rows hold block ${node.head()}`, 60_000, async () => {
        const rows = await results.read(await table('live'), { from: start, to: start + MINUTE });
        const expected = [inside.length, node.head(), newest.hash];
        assert.deepEqual(rows, [{ windowStart: start, values: expected, provisional: true }]);
      });
      if (node.head() >= node.chain.last) break;
      node.advance();
    }

    node.settle(node.chain.last);
    const chain = await rawChain(node, node.chain.last);
    const stayed = new Set(chain.blocks.map(({ hash }) => hash));
    assert.ok(seen.difference(stayed).size >= 3, 'blocks that were undone had been seen');
    const expected = [...expectedResults(chain, MINUTE)];
    for (const [name, rows] of expected) {
      const plain = name.replace('cluster.', '').replaceAll('_', '-');
      for (const each of [plain, `${plain}-spark`]) {
        await eventually(`${each} holds what other code computes`, 120_000, async () => {
          assert.deepEqual(await rowsOf(results, await table(each)), rows);
        });
      }
    }
    const starts = expected[0]?.[1].map((row) => JSON.parse(row)[0] as number) ?? [];
    assert.ok(starts.length >= 5);
    await eventually('the rows of closed windows are final', 60_000, async () => {
      const range = { from: starts[0] ?? 0, to: (starts.at(-1) ?? 0) + MINUTE };
      const rows = await results.read(await table('live'), range);
      assert.deepEqual(
        rows.map(({ windowStart, values, provisional }) => [windowStart, ...values, provisional]),
        starts.map((start) => [...liveRow(chain, start), false]),
      );
    });
    for (const format of ['csv', 'parquet'] as const) {
      await eventually(`${format} files are stored`, 60_000, async () => {
        await filesHold(
          results,
          await table(`hashes-${format}`),
          starts.map((start) => [start, hashesOf(chain, start)]),
        );
      });
    }

    // Each window of each processor was computed by one of them, once.
    const windows = (await Promise.all([first, second].map((each) => sample(each, doneTotal)))) as [
      number,
      number,
    ];
    assert.equal(windows[0] + windows[1], processors.length * starts.length, `${windows}`);
    t.diagnostic(`windows computed by each: ${windows.join(' and ')}`);
    for (const each of [first, second])
      assert.equal(await sample(each, 'millrace_processor_claims_lost_total'), 0);
    for (const each of [streamer, recorder, first, second]) await ready(each);
    for (const each of [streamer, recorder, first, second]) await stopsCleanly(each);
    done = true;
  });
}

const doneTotal = 'millrace_processor_windows_done_total';

/** Half of the blocks are history; of the others some are undone. */
async function aNode(t: TestContext): Promise<ReplayNode> {
  const chain = await loadChain({ files: mainnetFiles, relink: { blocks, startNumber: 1_000 } });
  const node = await startReplay({
    chain,
    head: { start: chain.first + 20 },
    finalityDistance: 6,
    reorgs: [{ at: chain.first + 30, depth: 3 }],
  });
  t.after(() => node.close());
  return node;
}

async function sparkMaster(t: TestContext, where: 'process' | 'cluster'): Promise<string> {
  await prepareSpark({ cache, logger: silentLogger });
  if (where === 'process') return 'local[*]';
  const standalone = await startStandalone(join(cache, 'servers', 'spark', 'lib'));
  t.after(() => standalone.close());
  return standalone.master;
}

async function tableNamed(results: Results, name: string): Promise<ResultTable> {
  const found = (await results.tables()).find((each) => each.name === name);
  assert.ok(found, `there is no table ${name} yet`);
  return found;
}

async function rowsOf(results: Results, table: ResultTable): Promise<readonly string[]> {
  const rows = await results.read(table, {});
  return rows.map(({ windowStart, values }) => JSON.stringify([windowStart, ...values])).sort();
}

function startOf(timestamp: string): number {
  return Math.floor(Number(timestamp) / MINUTE) * MINUTE;
}

function insideOf(chain: RawChain, start: number): RawChain['blocks'] {
  return chain.blocks.filter(({ timestamp }) => startOf(timestamp) === start);
}

function liveRow(chain: RawChain, start: number): readonly unknown[] {
  const inside = insideOf(chain, start);
  const last = inside.at(-1);
  return [start, inside.length, Number(last?.number), last?.hash];
}

function hashesOf(chain: RawChain, start: number): readonly string[] {
  return insideOf(chain, start).flatMap(({ transactions }) => transactions.map(({ hash }) => hash));
}

/** Each window has one file: of the size and the SHA-256 that are stored with it, with these transactions. */
async function filesHold(
  results: Results,
  table: ResultTable,
  expected: readonly (readonly [start: number, hashes: readonly string[]])[],
): Promise<void> {
  const files = await results.files(table, { from: 0, to: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(
    files.map(({ windowStart, rows }) => [windowStart, rows]),
    expected.map(([start, hashes]) => [start, hashes.length]),
  );
  for (const [at, file] of files.entries()) {
    const pieces = await results.readFile(table, file.windowStart);
    assert.ok(pieces);
    const parts: Uint8Array[] = [];
    for await (const part of pieces.bytes) parts.push(part);
    const bytes = Buffer.concat(parts);
    assert.equal(bytes.length, file.size);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), file.sha256);
    const hashes = table.file === 'csv' ? csvHashes(bytes) : await parquetHashes(bytes);
    assert.deepEqual(hashes, expected[at]?.[1]);
  }
}

function csvHashes(bytes: Buffer): readonly string[] {
  const [title, ...lines] = bytes.toString('utf8').trimEnd().split(/\r?\n/);
  const at = title?.split(',').indexOf('hash') ?? -1;
  return lines.map((line) => line.split(',')[at] ?? '');
}

async function parquetHashes(bytes: Buffer): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const file = join(folder, 'window.parquet');
  writeFileSync(file, bytes);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const answer = await connection.runAndReadAll(`SELECT hash FROM read_parquet('${file}')`);
    return answer.getRows().map(([hash]) => String(hash));
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}
