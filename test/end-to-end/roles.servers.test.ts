// The roles as processes on the real servers, as a cluster runs them: one streamer, two recorders, two processors, the
// pages. Blocks flow with reorgs; roles are stopped, replaced and fenced on the way; the tables hold the exact figures.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dump } from 'js-yaml';
import { loadChain } from '../../src/chain/replay/load-chain.ts';
import { type ReplayNode, startReplay } from '../../src/chain/replay/replay-node.ts';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/logger.ts';
import type { HealthReport } from '../../src/status/health.ts';
import type { PipelineStatus } from '../../src/status/pipeline-status.ts';
import { ownDatabaseUrl } from '../../src/stores/results/mariadb/mariadb.fixture.ts';
import { openMariaDbResults } from '../../src/stores/results/mariadb/open.ts';
import type { Results } from '../../src/stores/results/port.ts';
import { parseStoreUrl } from '../../src/stores/store-url.ts';
import { expectedResults, type RawChain } from '../expected-results.ts';
import {
  aFolder,
  exampleProcessors,
  type MillraceProcess,
  mainnetFiles,
  startMillrace,
} from '../millrace-process.ts';
import { testServer } from '../servers/address.ts';
import { dropPipeline } from '../servers/drop-pipeline.ts';

const suffix = randomBytes(4).toString('hex');
const pipeline = `roles-${suffix}`;
const blocks = 60;
const finality = 8;
/** Names of their own: the schema `cluster` is everybody's. */
const processors = exampleProcessors.map((each) => ({ ...each, name: `${each.name}-${suffix}` }));

let done = false;

interface RunningRole extends MillraceProcess {
  readonly name: string;
  /** Where it listens, with a slash at its end. */
  readonly url: string;
}

test('roles alone fill the tables exactly, whoever is stopped, replaced or fenced on the way', {
  timeout: 280_000,
}, async (t) => {
  const node = await aNode(t);
  const mariadb = await ownDatabaseUrl(t);
  const manifest = aManifest(aFolder(t), { node: node.url, mariadb });
  const started: { readonly name: string; readonly run: MillraceProcess }[] = [];
  t.after(async () => {
    for (const { name, run } of started) {
      run.child.kill('SIGKILL');
      await run.ended;
      // What a role printed explains a failure best.
      if (!done) t.diagnostic(`--- ${name}\n${run.output()}`);
    }
    await dropPipeline({ pipeline, tables: tablesOf() });
  });
  const role = async (name: string): Promise<RunningRole> => {
    const env = { TOPICS_URL: testServer('KAFKA') };
    const run = startMillrace(t, [name, '-f', manifest, '--port', '0'], { env });
    started.push({ name, run });
    const url = (await run.printed(/watched at (http\S+\/)readyz/))[1] ?? '';
    return { ...run, name, url };
  };

  // All at once: each waits for what another makes.
  const [streamer, recorder, other, processor, second, web] = await Promise.all([
    role('stream'),
    role('record'),
    role('record'),
    role('process'),
    role('process'),
    role('web'),
  ]);
  await head(node, streamer, node.chain.first + 42);
  for (const each of [streamer, recorder, other, processor, second, web]) await ready(each);

  // A recorder and a processor leave; the others take their share. The streamer ends and goes on where it was.
  for (const each of [other, second, streamer]) await stopsCleanly(each);
  const again = await role('stream');
  await head(node, again, node.chain.first + 50);

  // One that is started beside it takes over: the first ends with its next block, and says why.
  const taker = await role('stream');
  await ready(taker);
  node.advance();
  const fenced = await again.ended;
  assert.equal(fenced.code, 3, fenced.stderr);
  assert.match(fenced.stderr, /^millrace: PublisherFenced: .*/m);
  await head(node, taker, node.chain.last);
  node.settle(node.chain.last);

  const expected = renamed(expectedResults(await rawChain(node), 60));
  const results = await openResults(t, mariadb);
  await eventually('the tables hold what other code computes', 90_000, async () => {
    assert.deepEqual(await read(results), expected);
  });

  const coverage = await sample(recorder, 'millrace_coverage_blocks');
  assert.equal(coverage, blocks);
  assert.equal(await sample(recorder, 'millrace_coverage_intervals'), 1);
  assert.ok((await sample(recorder, 'millrace_recorded_transactions_total')) > 0);
  assert.equal(await sample(recorder, 'millrace_dead_letters_total'), 0);
  assert.ok((await sample(processor, 'millrace_processor_windows')) > 0);
  assert.ok((await sample(processor, 'millrace_processor_windows_done_total')) > 0);
  assert.equal(await sample(processor, 'millrace_processor_claims_held'), 0);
  assert.equal(await sample(processor, 'millrace_processor_claims_lost_total'), 0);
  await eventually('the pages know the head and the tables', 15_000, async () => {
    const status = (await (await fetch(`${web.url}api/status`)).json()) as PipelineStatus;
    assert.equal(status.head?.number, node.chain.last);
    assert.equal(status.coverage.blocksCovered, blocks);
    assert.ok(status.reorgs.count >= 1);
    assert.deepEqual(
      status.processors.map(({ table }) => table),
      tablesOf().map((name) => name.replace('cluster.', '')),
    );
  });
  for (const each of [taker, recorder, processor, web]) await ready(each);
  for (const each of [taker, recorder, processor, web]) await stopsCleanly(each);
  done = true;
});

/** 60 blocks, half of them history, with two reorgs on the way. */
async function aNode(t: TestContext): Promise<ReplayNode> {
  const chain = await loadChain({ files: mainnetFiles, relink: { blocks, startNumber: 1_000 } });
  const node = await startReplay({
    chain,
    head: { start: chain.first + 30 },
    finalityDistance: finality,
    reorgs: [
      { at: chain.first + 38, depth: 3 },
      { at: chain.first + 55, depth: 5 },
    ],
  });
  t.after(() => node.close());
  return node;
}

function aManifest(
  folder: string,
  { node: url, mariadb }: { readonly node: string; readonly mariadb: string },
): string {
  const file = join(folder, 'pipeline.yaml');
  const secretKeyRef = { name: 'topics', key: 'url' };
  const spec = {
    replicationFactor: 1,
    chain: { ethereum: { chainId: 1, endpoints: [{ url }], start: 'earliest' } },
    topics: { kafka: { external: { urlFrom: { secretKeyRef } } }, partitions: 3 },
    transactionLog: { cassandra: { external: { url: testServer('CASSANDRA') } }, retention: 'forever' },
    results: { mariadb: { external: { url: mariadb } } },
    web: { metadata: { mongodb: { external: { url: testServer('MONGODB') } } } },
    processors,
  };
  writeFileSync(
    file,
    dump({ apiVersion: 'millrace.dev/v1alpha1', kind: 'Pipeline', metadata: { name: pipeline }, spec }),
  );
  return file;
}

/** Moves the node's head on, each block once the streamer has published the one before. */
async function head(node: ReplayNode, streamer: RunningRole, to: number): Promise<void> {
  for (;;) {
    await eventually(`${streamer.name} publishes ${node.head()}`, 60_000, async () => {
      assert.equal(await sample(streamer, 'millrace_head_block_number'), node.head());
    });
    if (node.head() >= to) return;
    node.advance();
  }
}

async function ready(role: RunningRole): Promise<void> {
  await eventually(`${role.name} is ready`, 30_000, async () => {
    const answer = await fetch(`${role.url}readyz`);
    const report = (await answer.json()) as HealthReport;
    assert.deepEqual(
      [answer.status, report.checks.filter(({ ok }) => !ok)],
      [200, []],
      `${role.name}: ${role.output()}`,
    );
  });
  assert.equal((await fetch(`${role.url}healthz`)).status, 200);
  assert.ok((await sample(role, 'process_resident_memory_bytes')) > 0);
}

async function stopsCleanly(role: RunningRole): Promise<void> {
  const began = performance.now();
  role.child.kill('SIGTERM');
  const { code, stderr } = await role.ended;
  assert.equal(code, 0, `${role.name}: ${stderr}`);
  assert.ok(performance.now() - began < 25_000, `${role.name} took ${performance.now() - began} ms to stop`);
}

/** The sum of a metric's samples; fails when there is none. */
async function sample(role: RunningRole, name: string): Promise<number> {
  const text = await (await fetch(`${role.url}metrics`)).text();
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.split(' ').at(-1)));
  assert.ok(values.length > 0, `${role.name} has no ${name}:\n${text}`);
  return values.reduce((sum, value) => sum + value, 0);
}

async function openResults(t: TestContext, url: string): Promise<Results> {
  const rules = { where: 'the test', scheme: 'mariadb', defaultPort: 3306 };
  const results = await openMariaDbResults({
    address: parseStoreUrl(url, rules),
    pipeline: { name: pipeline, chainId: 1 },
    ...{ clock: systemClock, logger: silentLogger },
  });
  t.after(() => results.close());
  return results;
}

function tablesOf(): readonly string[] {
  return processors.map(({ name }) => `cluster.${name.replaceAll('-', '_')}`);
}

async function read(results: Results): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const table of await results.tables()) {
    const name = `${table.owner}.${table.name}`;
    if (!tablesOf().includes(name)) continue;
    const rows = await results.read(table, {});
    found.set(name, rows.map(({ windowStart, values }) => JSON.stringify([windowStart, ...values])).sort());
  }
  return found;
}

function renamed(expected: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  return new Map([...expected].map(([name, rows]) => [`${name}_${suffix}`, rows]));
}

/** The node's own answers, as they come over RPC. */
async function rawChain(node: ReplayNode): Promise<RawChain> {
  const ask = async (method: string, ...params: readonly unknown[]) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(node.url, { method: 'POST', headers, body });
    return ((await answer.json()) as { result: never }).result;
  };
  const found: RawChain['blocks'][number][] = [];
  const receipts = new Map<string, never>();
  for (let number = node.chain.first; number <= node.chain.last; number++) {
    const at = `0x${number.toString(16)}`;
    const block: RawChain['blocks'][number] = await ask('eth_getBlockByNumber', at, true);
    found.push(block);
    receipts.set(block.hash, await ask('eth_getBlockReceipts', at));
  }
  return { blocks: found, receipts };
}

/** Tries until it holds; the last failure is the answer when it never does. */
async function eventually(what: string, ms: number, holds: () => Promise<void>): Promise<void> {
  const end = performance.now() + ms;
  for (;;) {
    try {
      return await holds();
    } catch (error) {
      if (performance.now() > end) throw new Error(`not within ${ms / 1_000} s: ${what}`, { cause: error });
      await sleep(100);
    }
  }
}
