import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isMillraceError, type MillraceError } from '../errors.ts';
import { guarded, openSqlite, openSqliteSnapshot, sqliteBytes, transaction } from './sqlite.ts';

const migrations = ['CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT) STRICT'];

async function aFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-sqlite-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'store.sqlite');
}

/** A file with 2,000 rows, closed. */
async function aFilledFile(t: TestContext): Promise<string> {
  const file = await aFile(t);
  const db = openSqlite({ file, migrations });
  const insert = db.prepare('INSERT INTO a (text) VALUES (?)');
  transaction(db, () => {
    for (let at = 0; at < 2000; at++) insert.run('x'.repeat(100));
  });
  db.close();
  return file;
}

function thrownBy(run: () => unknown): MillraceError {
  try {
    run();
  } catch (error) {
    assert.ok(isMillraceError(error), `${error}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}

test('a commit is on the disk: write-ahead log, synchronous FULL', async (t) => {
  const db = openSqlite({ file: await aFile(t), migrations });
  t.after(() => db.close());
  const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assert.equal(pragma('journal_mode'), 'wal');
  assert.equal(pragma('synchronous'), 2);
  assert.equal(pragma('foreign_keys'), 1);
});

test('a transaction that throws leaves nothing, and the next one works', async (t) => {
  const file = await aFile(t);
  const db = openSqlite({ file, migrations });
  t.after(() => db.close());
  const insert = db.prepare('INSERT INTO a (text) VALUES (?)');
  const failing = () =>
    transaction(db, () => {
      insert.run('half');
      throw new RangeError('midway');
    });
  assert.throws(failing, { name: 'RangeError', message: 'midway' });
  assert.equal(
    transaction(db, () => insert.run('whole').changes),
    1,
  );
  const other = openSqliteSnapshot(file);
  t.after(() => other.close());
  assert.deepEqual(
    other
      .prepare('SELECT text FROM a')
      .all()
      .map(({ text }) => text),
    ['whole'],
  );
});

test('migrations run once each, in order, all of them or none', async (t) => {
  const file = await aFile(t);
  openSqlite({ file, migrations }).close();
  const next = [...migrations, 'ALTER TABLE a ADD COLUMN more TEXT', 'INSERT INTO a (more) VALUES (1), (2)'];
  assert.throws(() => openSqlite({ file, migrations: [...next, 'not SQL'] }), /syntax error/);
  const before = openSqlite({ file, migrations });
  assert.equal(before.prepare('SELECT count(*) AS n FROM pragma_table_info(?)').get('a')?.n, 2);
  before.close();
  for (let times = 0; times < 2; times++) {
    const db = openSqlite({ file, migrations: next });
    assert.equal(db.prepare('SELECT count(*) AS n FROM a WHERE more IS NOT NULL').get()?.n, 2);
    db.close();
  }
});

test('a file of a newer Millrace is refused and left as it is', async (t) => {
  const file = await aFile(t);
  openSqlite({ file, migrations: [...migrations, 'CREATE TABLE b (x)'] }).close();
  const bytes = await readFile(file);
  const error = thrownBy(() => openSqlite({ file, migrations }));
  assert.equal(error.code, 'DataFolderDamaged');
  assert.equal(error.fields.file, file);
  assert.match(String(error.fields.problem), /newer Millrace.*schema 2/);
  assert.deepEqual(await readFile(file), bytes);
});

test('a file without room for more is DiskFull, nothing is half-written, and with room it goes on', async (t) => {
  const file = await aFile(t);
  const db = openSqlite({ file, migrations });
  t.after(() => db.close());
  const insert = db.prepare('INSERT INTO a (text) VALUES (?)');
  const write = (rows: number) =>
    transaction(db, () => {
      for (let at = 0; at < rows; at++) insert.run('x'.repeat(1000));
    });
  const rows = () => db.prepare('SELECT count(*) AS n FROM a').get()?.n;
  write(1);
  db.exec('PRAGMA max_page_count = 20');
  const error = thrownBy(() => write(1000));
  assert.equal(error.code, 'DiskFull');
  assert.equal(error.fields.file, file);
  assert.equal(rows(), 1);
  db.exec('PRAGMA max_page_count = 10000');
  write(1000);
  assert.equal(rows(), 1001);
});

test('garbage, a cut file and overwritten pages are DataFolderDamaged, with the file and the problem', async (t) => {
  const garbage = await aFile(t);
  await writeFile(garbage, 'this is no database at all '.repeat(1000));

  const cut = await aFilledFile(t);
  const half = await open(cut, 'r+');
  await half.truncate(Math.floor((await stat(cut)).size / 2));
  await half.close();

  const stub = await aFilledFile(t);
  await writeFile(stub, (await readFile(stub)).subarray(0, 50));

  const overwritten = await aFilledFile(t);
  const bytes = await readFile(overwritten);
  await writeFile(overwritten, bytes.fill(0xa5, 4096));

  for (const file of [garbage, cut, stub, overwritten]) {
    const error = thrownBy(() => {
      const db = openSqlite({ file, migrations });
      try {
        guarded(db, () => db.prepare('SELECT count(*), max(text) FROM a').get());
      } finally {
        db.close();
      }
    });
    assert.equal(error.code, 'DataFolderDamaged');
    assert.equal(error.fields.file, file);
    assert.match(String(error.fields.problem), /not a database|malformed/);
    assert.ok(error.cause);
  }
});

test('a folder that is missing is said as such, and other errors pass as they are', async (t) => {
  const file = await aFile(t);
  const error = thrownBy(() => openSqlite({ file: join(file, 'nowhere', 'x'), migrations }));
  assert.equal(error.code, 'DataFolderDamaged');
  assert.match(String(error.fields.problem), /folder exists/);
  const db = openSqlite({ file, migrations });
  t.after(() => db.close());
  assert.throws(
    () => guarded(db, () => db.exec('INSERT INTO a (id) VALUES (1), (1)')),
    /UNIQUE constraint failed/,
  );
});

test('the size on disk counts the write-ahead log', async (t) => {
  const file = await aFile(t);
  assert.equal(sqliteBytes(file), 0);
  const db = openSqlite({ file, migrations });
  t.after(() => db.close());
  const before = sqliteBytes(file);
  transaction(db, () => db.prepare('INSERT INTO a (text) VALUES (?)').run('x'.repeat(100_000)));
  assert.ok(sqliteBytes(file) >= before + 100_000);
});
