import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isMillraceError } from '../errors.ts';
import { claimIdentity, readIdentity, refuseStrangers } from './identity.ts';
import { lockFolder, readOwner } from './lock.ts';

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const locker = `
  import { lockFolder } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
  lockFolder(process.argv[1]).announce('http://127.0.0.1:1/');
  console.log('locked');
  setInterval(() => undefined, 1000);
`;

test('a second process is refused by pid, and a killed one leaves nothing to clean up', async (t) => {
  const folder = aFolder(t);
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', locker, folder],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.throws(
    () => lockFolder(folder),
    (error) => isMillraceError(error, 'DataFolderLocked') && error.message.includes(String(child.pid)),
  );
  assert.equal(readOwner(folder)?.url, 'http://127.0.0.1:1/');
  assert.equal(statSync(join(folder, 'owner.json')).mode & 0o777, 0o600);

  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockFolder(folder);
  assert.equal(readOwner(folder)?.pid, process.pid);
  lock.release();
  assert.equal(readOwner(folder), undefined);
});

test('a lock file that is no database is damage, not a lock', (t) => {
  const folder = aFolder(t);
  writeFileSync(join(folder, 'lock.sqlite'), 'x'.repeat(5_000));
  assert.throws(
    () => lockFolder(folder),
    (error) => isMillraceError(error, 'LockDamaged'),
  );
});

test('data of another pipeline or chain is not mixed in', (t) => {
  const folder = aFolder(t);
  claimIdentity(folder, { pipeline: 'a', chainId: 1, logs: true });
  claimIdentity(folder, { pipeline: 'a', chainId: 1, logs: true });
  assert.deepEqual(readIdentity(folder), { pipeline: 'a', chainId: 1, logs: true });
  for (const other of [
    { pipeline: 'b', chainId: 1, logs: true },
    { pipeline: 'a', chainId: 2, logs: true },
    { pipeline: 'a', chainId: 1, logs: false },
  ]) {
    assert.throws(
      () => claimIdentity(folder, other),
      (error) => isMillraceError(error, 'DataFolderForeign'),
    );
  }
  // As it was written before logs could be left out.
  writeFileSync(join(folder, 'identity.json'), '{"pipeline":"a","chainId":1}');
  assert.deepEqual(readIdentity(folder), { pipeline: 'a', chainId: 1, logs: true });
  writeFileSync(join(folder, 'identity.json'), '{"pipe');
  assert.throws(
    () => readIdentity(folder),
    (error) => isMillraceError(error, 'DataFolderDamaged'),
  );
});

test('a folder with other people’s files is left alone', (t) => {
  const folder = aFolder(t);
  refuseStrangers(folder);
  refuseStrangers(join(folder, 'nowhere'));
  mkdirSync(join(folder, 'results'));
  assert.throws(
    () => refuseStrangers(folder),
    (error) => isMillraceError(error, 'DataFolderOccupied') && /results/.test(error.message),
  );
  claimIdentity(folder, { pipeline: 'a', chainId: 1, logs: true });
  refuseStrangers(folder);
});
