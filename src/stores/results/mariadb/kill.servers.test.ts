// Connections that the server ends at any moment, in mid-COMMIT too: after claiming again and replacing again the rows, the
// mark and the totals agree, and nothing that was acknowledged is missing.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mariadb';
import { isMillraceError } from '../../../errors.ts';
import type { ResultRow, Results, ResultTable } from '../port.ts';
import { adminConnection, openStore, ownDatabase } from './mariadb.fixture.ts';

const columns = [
  { name: 'generation', type: 'integer' },
  { name: 'amount', type: 'decimal' },
] as const;

const STARTS = [0, 60, 120];

test('connections killed at random leave each window whole, and what was acknowledged is there', async (t) => {
  const database = await ownDatabase(t);
  const store = await openStore(t, { database });
  const admin = await adminConnection(t);
  const table = await store.ensureTable({
    ...{ owner: `user/${randomUUID()}`, processor: 'gas', window: 60, columns, fingerprint: 'a' },
  });
  const ending = new AbortController();
  const killer = killConnections(admin, database, ending.signal);
  const watcher = watch(store, table, ending.signal);
  const acknowledged = new Map<number, number>();
  let [failed, generation] = [0, 0];
  const until = Date.now() + 5_000;
  const worker = async (start: number) => {
    while (Date.now() < until) {
      const mine = ++generation;
      try {
        const claim = await store.claim(table, start, { holder: `w${start}`, ttl: 60_000, now: Date.now() });
        if (!claim) continue;
        await claim.replace(rowsOf(mine));
        acknowledged.set(start, mine);
      } catch (error) {
        assert.ok(isMillraceError(error, 'StoreUnreachable'), `${error}`);
        assert.doesNotMatch(error.message, /INSERT|SELECT/);
        failed++;
      }
    }
  };
  await Promise.all(STARTS.map(worker));
  ending.abort();
  const [kills, seen] = [await killer, await watcher];
  t.diagnostic(
    `${kills} connections killed, ${generation} tries, ${failed} failed, read ${seen} times meanwhile`,
  );
  assert.ok(kills > 10 && failed > 0 && acknowledged.size === 3);

  let total = 0;
  for (const start of STARTS) {
    const found = await wholeGeneration(store, table, start);
    const last = acknowledged.get(start) ?? 0;
    assert.ok(found >= last, `window ${start}: ${last} was acknowledged, ${found} is there`);
    total += rowCount(found);
  }
  assert.deepEqual(await store.doneWindows(table, { from: 0, to: 180 }), STARTS);
  assert.deepEqual(await store.progress(table), { windows: 3, newest: 120, rows: total });
});

test('a COMMIT whose answer is lost is found by its mark, or done again to the same effect', async (t) => {
  const database = await ownDatabase(t);
  const store = await openStore(t, { database });
  const admin = await adminConnection(t);
  const table = await store.ensureTable({
    ...{ owner: `user/${randomUUID()}`, processor: 'gas', window: 60, columns, fingerprint: 'a' },
  });
  const ending = new AbortController();
  const killer = killCommits(admin, database, ending.signal);
  let answered = 0;
  for (let generation = 1; generation <= 120; generation++) {
    const attempt = async () => {
      const claim = await store.claim(table, 0, { holder: 'test', ttl: 60_000, now: Date.now() });
      await claim?.replace(rowsOf(generation));
      return claim !== undefined;
    };
    for (let isDone = false; !isDone; ) {
      isDone = await attempt().catch((error: unknown) => {
        assert.ok(isMillraceError(error, 'StoreUnreachable'), `${error}`);
        return false;
      });
    }
    answered++;
    assert.equal(await retried(() => wholeGeneration(store, table, 0)), generation);
    const progress = await retried(() => store.progress(table));
    assert.deepEqual(progress, { windows: 1, newest: 0, rows: rowCount(generation) });
  }
  ending.abort();
  t.diagnostic(`${await killer} connections killed while they committed, ${answered} windows written`);
});

function* rowsOf(generation: number): Iterable<readonly ResultRow[]> {
  for (let left = rowCount(generation); left > 0; left -= 50) {
    yield Array.from({ length: 50 }, () => [generation, '9'.repeat(78)]);
  }
}

function rowCount(generation: number): number {
  return 100 + (generation % 7) * 50;
}

/** The one generation of a window's rows. */
async function wholeGeneration(store: Results, table: ResultTable, start: number): Promise<number> {
  const rows = await store.read(table, { from: start, to: start + 60 });
  const generations = [...new Set(rows.map(({ values }) => Number(values[0])))];
  assert.equal(generations.length, 1, `window ${start} mixes generations ${generations}`);
  const [found = 0] = generations;
  assert.equal(rows.length, rowCount(found));
  return found;
}

async function watch(store: Results, table: ResultTable, signal: AbortSignal): Promise<number> {
  let seen = 0;
  for (; !signal.aborted; await delay(5)) {
    const rows = await retried(() => store.read(table, { from: 0, to: 60 }));
    const generations = new Set(rows.map(({ values }) => Number(values[0])));
    assert.ok(generations.size <= 1, `a reader saw a mixture: ${[...generations]}`);
    seen++;
  }
  return seen;
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isMillraceError(error, 'StoreUnreachable')) throw error;
    }
  }
}

/** Kills one of the store's connections every few milliseconds; returns how many. */
async function killConnections(admin: Connection, database: string, signal: AbortSignal): Promise<number> {
  let kills = 0;
  for (; !signal.aborted; await delay(Math.random() * 60)) {
    const ids: [bigint][] = await admin.query('SELECT ID FROM information_schema.PROCESSLIST WHERE DB = ?', [
      database,
    ]);
    const [id] = ids[Math.floor(Math.random() * ids.length)] ?? [];
    if (id !== undefined && (await kill(admin, id))) kills++;
  }
  return kills;
}

/** Kills connections that are committing when it looks. */
async function killCommits(admin: Connection, database: string, signal: AbortSignal): Promise<number> {
  let kills = 0;
  for (; !signal.aborted; await delay(1)) {
    const ids: [bigint][] = await admin.query(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = ? AND INFO = 'COMMIT'",
      [database],
    );
    for (const [id] of ids) if (await kill(admin, id)) kills++;
  }
  return kills;
}

async function kill(admin: Connection, id: bigint): Promise<boolean> {
  try {
    await admin.query(`KILL HARD CONNECTION ${id}`);
    return true;
  } catch {
    return false; // It ended by itself.
  }
}
