// `millrace user access` on real servers: the account that it prints signs in, reads, and goes when it is taken away.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { dump, load } from 'js-yaml';
import { createConnection } from 'mariadb';
import { aFolder, startMillrace } from '../../../test/millrace-process.ts';
import { testServer } from '../../../test/servers/address.ts';
import { dropPipeline } from '../../../test/servers/drop-pipeline.ts';
import { externalManifest, openTestResults } from '../../../test/servers/stores.ts';
import type { Credentials } from '../../stores/results/access.ts';
import { adminConnection, ownDatabaseUrl } from '../../stores/results/mariadb/mariadb.fixture.ts';

test('a user is given a database account, a new password, and loses it', { timeout: 240_000 }, async (t) => {
  const id = `ann-${randomBytes(4).toString('hex')}`;
  const schema = `user_${id.replaceAll('-', '_')}`;
  const pipeline = `access-${randomBytes(4).toString('hex')}`;
  await adminConnection(t, [`DROP USER IF EXISTS '${schema}'@'%'`, `DROP DATABASE IF EXISTS ${schema}`]);
  t.after(() => dropPipeline({ pipeline, tables: [] }));
  const addresses = { MARIADB: await ownDatabaseUrl(t), KAFKA: 'kafka://x', CASSANDRA: 'cassandra://x' };
  const manifest = externalManifest(aFolder(t), {
    ...{ pipeline, addresses, nodes: ['http://127.0.0.1:9'], replicationFactor: 1, partitions: 1 },
    processors: [],
  });
  const { spec, ...rest } = load(readFileSync(manifest, 'utf8')) as { spec: object };
  const web = { metadata: { mongodb: { external: { url: testServer('MONGODB') } } } };
  writeFileSync(manifest, dump({ ...rest, spec: { ...spec, web } }));
  const run = (...args: string[]) => startMillrace(t, [...args, '-f', manifest]).ended;
  const given = async (...flags: string[]): Promise<Credentials> => {
    const { code, stdout, stderr } = await run('user', 'access', id, '--format', 'json', ...flags);
    assert.equal(code, 0, stderr);
    const account: Credentials = JSON.parse(stdout)[0];
    const { host, port, user } = account;
    assert.match(stderr, new RegExp(`\n  mariadb -h ${host} -P ${port} -u ${user} -p ${account.schema}\n$`));
    return account;
  };
  const signIn = async ({ host, port, user, password }: Credentials): Promise<unknown> => {
    const connection = await createConnection({ host, port: Number(port), user, password });
    try {
      return await connection.query(`SELECT * FROM ${schema}.gas`);
    } finally {
      await connection.end();
    }
  };
  const refused = (error: unknown) => (error as { errno?: number }).errno === 1045;

  const results = await openTestResults(addresses, pipeline);
  t.after(() => results.close());
  const columns = [{ name: 'n', type: 'integer' }] as const;
  const owner = `user/${id}` as const;
  await results.ensureTable({ owner, processor: 'gas', window: 60, columns, fingerprint: 'a' });

  assert.equal((await run('user', 'add', 'Ann', '--id', id)).code, 0);
  const first = await given();
  assert.deepEqual([first.user, first.schema], [schema, schema]);
  assert.equal(((await signIn(first)) as unknown[]).length, 0);
  const again = await run('user', 'access', 'Ann');
  assert.deepEqual([again.code, again.stdout], [2, '']);
  assert.match(
    again.stderr,
    /^millrace: AccessExists: user\/ann-\w+ has a database account already\. .*--rotate/,
  );
  const second = await given('--rotate');
  await assert.rejects(signIn(first), refused);
  await signIn(second);
  const gone = await run('user', 'access', id, '--revoke');
  assert.match(gone.stdout, /^user\/ann-\w+ has no database account any more\n$/, gone.stderr);
  await assert.rejects(signIn(second), refused);
  assert.equal((await run('user', 'disable', id)).code, 0);
  assert.match((await run('user', 'access', id)).stderr, /RequestInvalid: user\/ann-\w+ is disabled/);

  const trail = await run('audit', '--format', 'csv');
  assert.doesNotMatch(trail.stdout, new RegExp(`${first.password}|${second.password}`));
  const told = [...trail.stdout.matchAll(/,(access\.\w+),(\w+),([^,\s]+)/g)].map((match) => match.slice(1));
  assert.deepEqual(told.reverse(), [
    ['access.grant', 'done', owner],
    ['access.grant', 'failed', owner],
    ['access.rotate', 'done', owner],
    ['access.revoke', 'done', owner],
    ['access.grant', 'failed', owner],
  ]);
});
