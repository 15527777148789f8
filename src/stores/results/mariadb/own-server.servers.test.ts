// A MariaDB server of this test's own, so that it may be killed, stopped in mid-write, started again, and speak TLS.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startMariaDb } from '../../../../test/servers/mariadb.ts';
import { freePort, startServer } from '../../../../test/servers/server-process.ts';
import { describeError, isMillraceError } from '../../../errors.ts';
import { parseStoreUrl } from '../../store-url.ts';
import { aRequest, fill, rowsOf } from '../contract.fixture.ts';
import type { ResultRow } from '../port.ts';
import { openStore } from './mariadb.fixture.ts';

const run = promisify(execFile);
const rules = { where: 'test', scheme: 'mariadb', defaultPort: 3306 };

async function ownServer(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mariadb-'));
  const { addresses, servers } = await startMariaDb({ folder, nodes: 1, say: () => {}, detached: false });
  const [server] = servers;
  assert.ok(server);
  t.after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });
  return { address: parseStoreUrl(addresses.MARIADB ?? '', rules), server, folder };
}

function* generationOf(generation: number): Iterable<readonly ResultRow[]> {
  for (let chunk = 0; chunk < 20; chunk++)
    yield Array.from({ length: 1_000 }, (_, at) => [`g${generation}`, at]);
}

test('a server that is killed in mid-write, and comes back, has whole windows; the same store goes on', {
  timeout: 120_000,
}, async (t) => {
  const { address, server } = await ownServer(t);
  const store = await openStore(t, { address });
  const table = await store.ensureTable(aRequest());
  let acknowledged = -1;
  for (let round = 0; round < 2; round++) {
    const writing = (async () => {
      for (let generation = round * 1_000; ; generation++) {
        const claim = await store.claim(table, 0, { holder: 'test', ttl: 60_000, now: Date.now() });
        await claim?.replace(generationOf(generation));
        acknowledged = generation;
      }
    })();
    await Promise.all([
      assert.rejects(writing, (error) => isMillraceError(error, 'StoreUnreachable')),
      delay(500 + Math.random() * 500).then(() => server.kill()),
    ]);
    await assert.rejects(store.tables(), (error) => {
      assert.ok(isMillraceError(error, 'StoreUnreachable') && error.retry);
      assert.doesNotMatch(describeError(error), /\n/);
      return true;
    });
    await server.start();
    const rows = await store.read(table, {});
    const generations = new Set(rows.map(({ values }) => Number(String(values[0]).slice(1))));
    assert.ok(generations.size <= 1, `a window mixes generations ${[...generations]}`);
    for (const found of generations) assert.ok(found >= acknowledged && rows.length === 20_000);
    const progress = await store.progress(table);
    assert.equal(progress.rows, rows.length);
    assert.equal(progress.windows, generations.size);
  }
});

test('TLS: the authority and the name in the certificate are checked, and nothing goes in the clear', {
  timeout: 60_000,
}, async (t) => {
  const { folder, server, address } = await ownServer(t);
  // A server without TLS is not talked to in the clear.
  await assert.rejects(openStore(t, { address: { ...address, tls: { ca: undefined } } }), /ssl not enabled/);
  await server.stop();
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  await writeFile(at('names'), 'subjectAltName=DNS:localhost');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority');
  await openssl(
    'req',
    ...key.slice(0, -2),
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    '/CN=localhost',
  );
  const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', ...sign, '-out', 'server.pem');
  const port = await freePort('127.0.0.1');
  const secure = await startServer(
    {
      ...{ name: 'mariadb with TLS', command: 'mariadbd', cwd: folder, ready: /ready for connections/ },
      args: [
        ...['--no-defaults', `--datadir=${at('mariadb/data')}`, '--bind-address=127.0.0.1', `--port=${port}`],
        ...(process.getuid?.() === 0 ? ['--user=root'] : []),
        ...[`--socket=${at('s')}`, `--pid-file=${at('pid')}`, '--require-secure-transport=ON'],
        // Whatever the server's defaults are, a session of the store has its own.
        ...['--default-time-zone=+05:30', '--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'],
        ...['--character-set-server=latin1', '--transaction-isolation=SERIALIZABLE'],
        ...[`--ssl-ca=${at('ca.pem')}`, `--ssl-cert=${at('server.pem')}`, `--ssl-key=${at('server.key')}`],
      ],
      env: { PATH: `${process.env.PATH}:/usr/sbin` },
      logFile: at('tls.log'),
    },
    { detached: false },
  );
  t.after(() => secure.stop());
  const open = (host: string, options: string) =>
    openStore(t, { address: parseStoreUrl(`mariadb://root@${host}:${port}/${options}`, rules) });
  const ca = encodeURIComponent(at('ca.pem'));
  const store = await open('localhost', `?tls=true&ca=${ca}`);
  const columns = [
    { name: 'time', type: 'timestamp' },
    { name: 'text', type: 'text' },
  ] as const;
  const table = await store.ensureTable(aRequest({ columns }));
  const rows = [['2023-07-13T10:35:47Z', 'it\'s \\ "区块" 🧱\u0000']];
  await fill(store, table, 60, rows);
  assert.deepEqual(await rowsOf(store, table), [[60, ...(rows[0] ?? [])]]);
  assert.deepEqual(await store.tables(), [table]);
  const refused = [
    ['127.0.0.1', `?tls=true&ca=${ca}`, /127\.0\.0\.1.*cert|altnames/i],
    ['localhost', '?tls=true', /certificate/],
    ['localhost', '', /Access denied|secure transport/],
  ] as const;
  for (const [host, options, problem] of refused) {
    await assert.rejects(open(host, options), (error) => {
      assert.match(describeError(error), problem);
      assert.ok(isMillraceError(error));
      t.diagnostic(describeError(error));
      return true;
    });
  }
});
