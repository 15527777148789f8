// The statements of docs/results.md, run as people would.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createConnection } from 'mariadb';
import { aClaim, aRequest, fill } from '../contract.fixture.ts';
import { adminConnection, openStore, ownDatabase, serverAddress } from './mariadb.fixture.ts';

const page = join(import.meta.dirname, '../../../../docs/results.md');

test('what docs/results.md says of exact amounts and files holds', async (t) => {
  const text = await readFile(page, 'utf8');
  const statements = [...text.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);
  const [order, more, sums, files] = statements;
  assert.ok(order && more && sums && files && statements.length === 4);

  const store = await openStore(t);
  const admin = await adminConnection(t);
  const columns = [
    { name: 'token', type: 'text' },
    { name: 'value', type: 'decimal' },
  ] as const;
  const table = await store.ensureTable(aRequest({ columns }));
  const schema = table.owner.replaceAll(/[/-]/g, '_');
  const run = (sql: string): Promise<unknown[][]> =>
    admin.query(sql.replaceAll(/cluster\.\w+/g, `\`${schema}\`.${table.name}`));

  const largest = 2n ** 256n - 1n;
  const amounts = [largest, largest, 0n, 9n, 10n, 10n ** 30n, 10n ** 30n + 1n, 10n ** 39n - 1n, 10n ** 39n];
  for (let more = 0; more < 40; more++) {
    amounts.push(BigInt(`0x${randomBytes(1 + (more % 32)).toString('hex')}`));
  }
  const token = (at: number) => `token ${at % 3}`;
  await fill(
    store,
    table,
    0,
    amounts.map((amount, at) => [token(at), String(amount)]),
  );
  const descending = [...amounts].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  assert.deepEqual(
    (await run(order)).map(([, value]) => value),
    descending.map(String),
  );
  assert.deepEqual(
    (await run(more)).map(([, value]) => String(value)).sort(),
    amounts
      .filter((amount) => amount > 10n ** 30n)
      .map(String)
      .sort(),
  );
  const totals = new Map<string, bigint>();
  for (const [at, amount] of amounts.entries()) totals.set(token(at), (totals.get(token(at)) ?? 0n) + amount);
  assert.deepEqual(
    (await run(sums)).sort(),
    [...totals].map(([name, total]) => [name, String(total)]).sort(),
  );

  const asFiles = await store.ensureTable({ ...aRequest({ columns, file: 'csv' }), owner: table.owner });
  const bytes = randomBytes(600_000);
  await (await aClaim(store, asFiles, 60)).replaceFile({ bytes: [bytes], rows: () => 12 });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const listed: unknown[][] = await admin.query(
    files.replaceAll(/cluster\.\w+/g, `\`${schema}\`.${asFiles.name}`),
  );
  assert.deepEqual(listed, [['1970-01-01 00:01:00', 12n, 600_000n, sha256]]);
});

test('the grants of docs/results.md are all that the pipeline needs', async (t) => {
  const text = await readFile(page, 'utf8');
  const grants = [...text.matchAll(/```\n(GRANT.*?)```/gs)].map(([, block = '']) => block).join('');
  const database = await ownDatabase(t);
  const user = `pipeline_${randomBytes(4).toString('hex')}`;
  const admin = await adminConnection(t, [`DROP USER IF EXISTS '${user}'@'%'`]);
  await admin.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'its-password'`);
  const pattern = database.replaceAll('_', '\\_');
  for (const statement of grants.split(';\n').filter((each) => each.trim() !== '')) {
    await admin.query(
      statement
        .replace("'pipeline'", `'${user}'`)
        .replace('`millrace`', `\`${pattern}\``)
        .replace('`millrace\\_staging`', `\`${pattern}\\_staging\``),
    );
  }
  const address = { ...serverAddress(database), user, password: 'its-password' };
  const store = await openStore(t, { address });
  const request = aRequest();
  const table = await store.ensureTable(request);
  await fill(store, table, 0, [['a', 1]]);
  const staged = await store.staging?.stage(table, 60);
  assert.ok(staged && store.access);
  await store.staging?.replaceStaged(await aClaim(store, table, 60), staged);
  await store.staging?.drop(staged);
  const granted = await store.access.grant(request.owner);
  const [host] = address.hosts;
  const analyst = await createConnection({ ...host, user: granted.user, password: granted.password });
  t.after(() => analyst.end());
  assert.deepEqual(
    await analyst.query({ sql: `SELECT token FROM \`${granted.schema}\`.gas_by_minute`, rowsAsArray: true }),
    [['a']],
  );
});
