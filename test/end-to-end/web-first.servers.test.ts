// The pages before everything else: ready and empty without the streamer's topics and the recorder's keyspace, and
// showing both as soon as they are there.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dump, load } from 'js-yaml';
import type { PipelineStatus } from '../../src/status/pipeline-status.ts';
import { ownDatabaseUrl } from '../../src/stores/results/mariadb/mariadb.fixture.ts';
import { pipelineTopics, topicSpecs } from '../../src/stores/topics/pipeline-topics.ts';
import { aChain } from '../../src/stores/transaction-log/made-blocks.ts';
import { aFolder, startMillrace } from '../millrace-process.ts';
import { testServer } from '../servers/address.ts';
import { dropPipeline } from '../servers/drop-pipeline.ts';
import { externalManifest, openTestLog, openTestTopics } from '../servers/stores.ts';

test('the pages are ready before there is anything to show', { timeout: 120_000 }, async (t) => {
  const pipeline = `web-first-${randomBytes(4).toString('hex')}`;
  t.after(() => dropPipeline({ pipeline, tables: [] }));
  const addresses = {
    KAFKA: testServer('KAFKA'),
    CASSANDRA: testServer('CASSANDRA'),
    MARIADB: await ownDatabaseUrl(t),
  };
  const manifest = externalManifest(aFolder(t), {
    ...{ pipeline, addresses, replicationFactor: 1, partitions: 2 },
    nodes: ['http://127.0.0.1:9'],
    processors: [{ name: `counts-${pipeline}`, window: '1m', sql: 'SELECT count(*) AS n FROM transactions' }],
  });
  const { spec, ...rest } = load(readFileSync(manifest, 'utf8')) as { spec: object };
  const web = { metadata: { mongodb: { external: { url: testServer('MONGODB') } } } };
  writeFileSync(manifest, dump({ ...rest, spec: { ...spec, web } }));
  const role = startMillrace(t, ['web', '-f', manifest, '--port', '0']);
  const url = (await role.printed(/pages at (http\S+\/)"/))[1] ?? '';

  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(new URL(path, url), init);
    return { status: answer.status, body: await answer.json() };
  };
  const ready = await ask('/readyz');
  assert.equal(ready.status, 200, JSON.stringify(ready.body));
  const status = async () => (await ask('/api/status')).body as PipelineStatus;
  const empty = await status();
  assert.deepEqual(
    [empty.head, empty.coverage.blocksCovered, empty.log.transactions, empty.processors[0]?.state],
    [undefined, 0, 0, undefined],
  );
  assert.equal((await ask('/api/results')).status, 200);
  const missing = await ask('/api/blocks/1000');
  assert.deepEqual([missing.status, missing.body.code], [404, 'NotInLog']);
  const count = async () => {
    const answer = await ask('/api/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url.slice(0, -1) },
      body: JSON.stringify({ sql: 'SELECT count(*) AS n FROM transactions' }),
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.rows[0][0];
  };
  assert.equal(Number(await count()), 0);
  assert.doesNotMatch(
    await (await fetch(new URL('/metrics', url))).text(),
    /^millrace_store_errors_total\{/m,
  );

  for (const path of ['/api/users', '/api/audit']) {
    const { status: refused, body } = await ask(path, { headers: { authorization: 'Bearer any' } });
    assert.equal(refused, 403);
    assert.match(body.message, /millrace user, token and audit, with -f/);
  }
  const guess = await ask('/api/query', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"sql":"SELECT 1"}',
  });
  assert.deepEqual([guess.status, guess.body.message], [403, 'the request carries no token']);
  assert.match(guess.body.remedy, /`millrace token create`/);

  const topics = await openTestTopics(addresses, 1);
  t.after(() => topics.close());
  const partitions = { partitions: 2, historyPartitions: 2 };
  await topics.create(topicSpecs(pipelineTopics(pipeline), { ...partitions, retention: 'forever' }));
  const log = await openTestLog(addresses, { pipeline, replicationFactor: 1 });
  t.after(() => log.close());
  await log.appendFinal(aChain(1_000, 1_009));
  await log.flush();
  while ((await status()).log.transactions !== 20) await sleep(200);
  assert.deepEqual((await status()).coverage.intervals, [{ from: 1_000, to: 1_009 }]);
  assert.equal((await ask('/api/blocks/1000')).status, 200);
  assert.equal(Number(await count()), 20);
  assert.equal((await ask('/readyz')).status, 200);

  role.child.kill('SIGTERM');
  const { code, stderr } = await role.ended;
  assert.equal(code, 0, stderr);
});
