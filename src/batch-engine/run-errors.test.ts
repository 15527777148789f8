import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../errors.ts';
import { noSmallDisk, smallDisk } from '../stores/small-disk.fixture.ts';
import { explainDuckDb } from './run-errors.ts';
import { Session } from './session.ts';

const where = 'query';

test('a full disk is no fault of the SQL: the same query runs once there is space', async (t) => {
  const disk = await smallDisk(t);
  if (!disk) return t.skip(noSmallDisk);
  const sort =
    'SELECT count(*) FROM (SELECT md5(i::VARCHAR) AS h FROM range(2000000) t(i) ORDER BY h LIMIT 1999999)';
  const session = await Session.open({
    threads: 1,
    memoryBytes: 64 * 1024 * 1024,
    tempFolder: disk.folder,
  });
  t.after(() => session.close());
  const failed = await session.connection.run(sort).then(
    () => assert.fail('it fitted'),
    (error: unknown) => explainDuckDb(error, where),
  );
  assert.ok(isMillraceError(failed, 'DiskFull'), String(failed));
  // Somebody has to make room: the run ends, and goes on when it is started again.
  assert.equal(failed.retry, false);
});

test('what passes by itself can be tried again; a full disk and what the SQL asks for cannot', () => {
  const cases = [
    ['IO Error: Could not write file "/tmp/x": No space left on device', 'DiskFull', false],
    [
      `Out of Memory Error: failed to offload data block of size 96.0 KiB (3.7 GiB/3.7 GiB used). This limit was set by the 'max_temp_directory_size' setting`,
      'SqlLimit',
      false,
    ],
    ['IO Error: Cannot open file "/tmp/x.parquet": Too many open files', 'FilesExhausted', true],
    ['Out of Memory Error: could not allocate block', 'SqlLimit', false],
    ['Conversion Error: Could not convert', 'SqlFailed', false],
    ['Binder Error: Referenced column "x" not found', 'SqlInvalid', false],
  ] as const;
  for (const [message, code, retry] of cases) {
    const error = explainDuckDb(new Error(message), where);
    assert.ok(isMillraceError(error, code), `${message}: ${error}`);
    assert.equal(error.retry, retry, message);
  }
});
