// Roles of a pipeline that leaves logs out, on the real servers; and with the other manifest: none of them writes or
// reads a row, each says why, and with the right manifest they go on.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { dump, load } from 'js-yaml';
import { startReplay } from '../../src/chain/replay/replay-node.ts';
import type { HealthReport } from '../../src/status/health.ts';
import { ownDatabaseUrl } from '../../src/stores/results/mariadb/mariadb.fixture.ts';
import { expectedResults, readRawChain } from '../expected-results.ts';
import { aFolder, exampleProcessors, mainnetFiles } from '../millrace-process.ts';
import { eventually, openResults, type RunningRole, ready, rolesOf, sample, stopsCleanly } from '../roles.ts';
import { testServer } from '../servers/address.ts';
import { dropPipeline } from '../servers/drop-pipeline.ts';
import { externalManifest, openTestTopics } from '../servers/stores.ts';

const suffix = randomBytes(4).toString('hex');
const pipeline = `lean-${suffix}`;
const name = `gas-${suffix}`;
const table = `cluster.gas_${suffix}`;
const names = ['stream', 'record', 'process', 'web'] as const;

test('roles without logs, refused by and with the other manifest', { timeout: 280_000 }, async (t) => {
  const node = await startReplay({ files: mainnetFiles, finalityDistance: 0 });
  t.after(() => node.close());
  const mariadb = await ownDatabaseUrl(t);
  const addresses = { KAFKA: testServer('KAFKA'), CASSANDRA: testServer('CASSANDRA'), MARIADB: mariadb };
  const folder = aFolder(t);
  const write = (logs: boolean): string => {
    const manifest = externalManifest(folder, {
      ...{ pipeline, addresses, logs, replicationFactor: 1, partitions: 2, nodes: [node.url] },
      processors: [{ ...exampleProcessors[0], name }],
    });
    const { spec, ...rest } = load(readFileSync(manifest, 'utf8')) as { spec: object };
    const web = { metadata: { mongodb: { external: { url: testServer('MONGODB') } } } };
    writeFileSync(manifest, dump({ ...rest, spec: { ...spec, web } }));
    return manifest;
  };
  let done = false;
  const role = rolesOf(t, {
    manifest: write(false),
    failed: () => !done,
    cleanUp: () => dropPipeline({ pipeline, tables: [table] }),
  });
  const started = (of: readonly string[] = names): Promise<readonly RunningRole[]> =>
    Promise.all(of.map((each) => role(each)));

  const lean = await started();
  const [expected] = expectedResults(readRawChain(mainnetFiles), 60).values();
  const results = await openResults(t, { url: mariadb, pipeline });
  const read = async (): Promise<unknown> => {
    const [made] = await results.tables();
    const rows = made ? await results.read(made, {}) : [];
    return rows.map(({ windowStart, values }) => JSON.stringify([windowStart, ...values]));
  };
  await eventually('the table holds what other code computes', 120_000, async () => {
    assert.deepEqual(await read(), expected);
  });
  for (const each of lean) await ready(each);
  const [, recorder, , web] = lean;
  assert.ok(recorder && web);
  assert.equal(await sample(recorder, 'millrace_coverage_blocks'), 23);
  const topics = await openTestTopics(addresses, 1);
  t.after(() => topics.close());
  const published = async (): Promise<unknown> =>
    Promise.all(['blocks', 'history', 'logs'].map((topic) => topics.ends(`${pipeline}.${topic}`)));
  const ends = await published();
  const tables = await (await fetch(`${web.url}api/tables`)).text();
  assert.doesNotMatch(tables, /"name":"(logs|transfers)"/);
  for (const each of lean) await stopsCleanly(each);

  write(true);
  const refused = await started();
  for (const each of refused) {
    await eventually(`${each.name} says why it does not move`, 60_000, async () => {
      const report = (await (await fetch(`${each.url}readyz`)).json()) as HealthReport;
      assert.equal(report.ready, false);
      assert.match(
        JSON.stringify(report.checks),
        /recorded without logs, and the manifest says spec\.chain\.ethereum\.logs: true/,
      );
    });
    assert.equal((await fetch(`${each.url}healthz`)).status, 200);
  }
  for (const each of refused) await stopsCleanly(each);
  assert.deepEqual(await published(), ends);

  write(false);
  const again = await started(['record', 'process']);
  for (const each of again) await ready(each);
  assert.deepEqual(await read(), expected);
  for (const each of again) await stopsCleanly(each);
  done = true;
});
