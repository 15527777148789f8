import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Session } from './session.ts';

// What holds even if the guard let something through.
describe('a session that is shut', () => {
  let folder: string;
  let session: Session;
  let allowed: string;
  let other: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-session-'));
    allowed = join(folder, 'allowed.csv');
    other = join(folder, 'other.csv');
    await writeFile(allowed, 'a\n1\n');
    await writeFile(other, 'a\n2\n');
    session = await Session.open({ threads: 1, memoryBytes: 64 * 1024 * 1024, tempFolder: folder });
    await session.shut([allowed]);
  });
  after(async () => {
    await session.close();
    await rm(folder, { recursive: true });
  });
  const rows = async (sql: string) => (await session.connection.runAndReadAll(sql)).getRowsJson();

  test('reads its own files and no others, and writes none', async () => {
    assert.deepEqual(await rows(`SELECT a FROM read_csv('${allowed}')`), [['1']]);
    for (const sql of [
      `SELECT a FROM read_csv('${other}')`,
      `SELECT * FROM read_text('/etc/hostname')`,
      `SELECT * FROM glob('${folder}/*')`,
      `COPY (SELECT 1) TO '${join(folder, 'written.csv')}'`,
      `ATTACH '${join(folder, 'written.duckdb')}'`,
      `INSTALL httpfs`,
      `LOAD '${join(folder, 'other.csv')}'`,
    ]) {
      await assert.rejects(rows(sql), /ermission|disabled|denied/, sql);
    }
    assert.ok(!(await readdir(folder)).some((name) => name.startsWith('written')));
  });

  test('lets nothing be set any more', async () => {
    for (const sql of [
      'SET enable_external_access = true',
      `SET allowed_paths = ['${other}']`,
      "SET memory_limit = '10GB'",
      "SET TimeZone = 'Asia/Tokyo'",
    ]) {
      await assert.rejects(rows(sql), /configuration has been locked|Cannot/, sql);
    }
  });

  test('works beyond its memory through its own temporary folder, which goes with it', async () => {
    const sorted =
      'SELECT count(*) FROM (SELECT md5(i::VARCHAR) AS h FROM range(2000000) t(i) ORDER BY h LIMIT 1999999)';
    assert.deepEqual(await rows(sorted), [['1999999']]);
    assert.ok((await readdir(folder)).some((name) => name.startsWith('query-')));
    await session.close();
    assert.ok(!(await readdir(folder)).some((name) => name.startsWith('query-')));
  });
});
