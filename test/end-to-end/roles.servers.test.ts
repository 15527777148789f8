// The roles as processes on the real servers, as a cluster runs them: one streamer, two recorders, two processors, the
// pages. Blocks flow with reorgs; roles are stopped, replaced and fenced on the way; the tables hold the exact figures.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { dump } from 'js-yaml';
import { loadChain } from '../../src/chain/replay/load-chain.ts';
import { type ReplayNode, startReplay } from '../../src/chain/replay/replay-node.ts';
import type { PipelineStatus } from '../../src/status/pipeline-status.ts';
import { ownDatabaseUrl } from '../../src/stores/results/mariadb/mariadb.fixture.ts';
import type { Results } from '../../src/stores/results/port.ts';
import { expectedResults } from '../expected-results.ts';
import { aFolder, exampleProcessors, mainnetFiles } from '../millrace-process.ts';
import { eventually, head, openResults, rawChain, ready, rolesOf, sample, stopsCleanly } from '../roles.ts';
import { testServer } from '../servers/address.ts';
import { dropPipeline } from '../servers/drop-pipeline.ts';

const suffix = randomBytes(4).toString('hex');
const pipeline = `roles-${suffix}`;
const blocks = 60;
const finality = 8;
/** Names of their own: the schema `cluster` is everybody's. */
const processors = exampleProcessors.map((each) => ({ ...each, name: `${each.name}-${suffix}` }));

let done = false;

test('roles alone fill the tables exactly, whoever is stopped, replaced or fenced on the way', {
  timeout: 280_000,
}, async (t) => {
  const node = await aNode(t);
  const mariadb = await ownDatabaseUrl(t);
  const manifest = aManifest(aFolder(t), { node: node.url, mariadb });
  const role = rolesOf(t, {
    manifest,
    env: { TOPICS_URL: testServer('KAFKA') },
    failed: () => !done,
    cleanUp: () => dropPipeline({ pipeline, tables: tablesOf() }),
  });

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
  const results = await openResults(t, { url: mariadb, pipeline });
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
