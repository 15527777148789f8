// A MariaDB whose disk is full: what was written stays, the trouble is one that passes, and the same store goes on once
// there is space.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMariaDb } from '../../../../test/servers/mariadb.ts';
import { describeError, isMillraceError } from '../../../errors.ts';
import { noSmallDisk, smallDisk } from '../../small-disk.fixture.ts';
import { parseStoreUrl } from '../../store-url.ts';
import { aClaim, aRequest } from '../contract.fixture.ts';
import type { ResultRow } from '../port.ts';
import { openStore } from './mariadb.fixture.ts';

/** Half of it is what an empty MariaDB takes. */
const DISK_MIB = 384;

function* megabytes(letter: string, count: number): Iterable<readonly ResultRow[]> {
  for (let at = 0; at < count; at++) yield Array.from({ length: 100 }, () => [letter.repeat(10_000), at]);
}

test('a full disk of MariaDB keeps what was written, and is waited for', { timeout: 120_000 }, async (t) => {
  const disk = await smallDisk(t, DISK_MIB);
  if (!disk) return t.skip(noSmallDisk);
  const options = { folder: disk.folder, nodes: 1, say: () => undefined, detached: false } as const;
  const { addresses, servers } = await startMariaDb(options);
  t.after(async () => {
    for (const server of servers) await server.stop();
  });
  const rules = { where: 'test', scheme: 'mariadb', defaultPort: 3306 };
  const store = await openStore(t, { address: parseStoreUrl(addresses.MARIADB ?? '', rules) });
  const table = await store.ensureTable(aRequest());
  await (await aClaim(store, table, 0)).replace(megabytes('a', 1));

  const claim = await aClaim(store, table, 60);
  await assert.rejects(claim.replace(megabytes('b', DISK_MIB / 2)), (error) => {
    assert.ok(isMillraceError(error, 'StoreUnreachable') && error.retry, `${error}`);
    const line = describeError(error);
    assert.match(
      line,
      /^StoreUnreachable: cannot reach mariadb:\S+: its disk is full; it goes on once there is space \(/,
    );
    t.diagnostic(line);
    return true;
  });
  assert.deepEqual(await store.progress(table), { windows: 1, newest: 0, rows: 100 });

  await disk.free();
  assert.deepEqual(await claim.replace(megabytes('c', 20)), { rows: 2_000 });
  assert.deepEqual(await store.progress(table), { windows: 2, newest: 60, rows: 2_100 });
});
