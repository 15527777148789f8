// The contract of windows: rows and mark change together, under one claim at a time, and readers see whole windows.

import assert from 'node:assert/strict';
import { aClaim, aRequest, type Contract, code, fill, rowsOf, scanAll } from './contract.fixture.ts';
import type { ResultRow, Results } from './port.ts';

export function windowsContract(contract: Contract): void {
  contract(
    'replacing puts rows, mark and totals in place of the old ones, again and again',
    async ({ store, reopen }) => {
      const table = await store.ensureTable(aRequest());
      assert.deepEqual(await store.progress(table), { windows: 0, newest: undefined, rows: 0 });
      await fill(store, table, 120, [['c', 3]]);
      await fill(store, table, 0, [
        ['a', 1],
        ['a', 2],
      ]);
      await fill(store, table, 60, []);
      const expected = [
        [0, 'a', 1],
        [0, 'a', 2],
        [120, 'c', 3],
      ];
      assert.deepEqual(await rowsOf(store, table), expected);
      await fill(store, table, 0, [
        ['a', 1],
        ['a', 2],
      ]);
      assert.deepEqual(await rowsOf(store, table), expected);
      assert.deepEqual(await store.progress(table), { windows: 3, newest: 120, rows: 3 });
      await fill(store, table, 0, [['b', 9]]);

      const again = await reopen();
      assert.deepEqual(await rowsOf(again, table), [
        [0, 'b', 9],
        [120, 'c', 3],
      ]);
      assert.deepEqual(await again.doneWindows(table, { from: 0, to: 121 }), [0, 60, 120]);
      assert.deepEqual(await again.doneWindows(table, { from: 1, to: 120 }), [60]);
      assert.deepEqual(await again.progress(table), { windows: 3, newest: 120, rows: 2 });
    },
  );

  contract('rows that break off leave the old rows, the old mark, and the claim', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    await fill(store, table, 0, [['old', 1]]);
    const [again, fresh] = [await aClaim(store, table, 0), await aClaim(store, table, 60)];
    for (const claim of [again, fresh]) {
      await assert.rejects(claim.replace(breakingOff()), /the engine went away/);
      assert.deepEqual(await rowsOf(store, table), [[0, 'old', 1]]);
      assert.deepEqual(await store.doneWindows(table, { from: 0, to: 1000 }), [0]);
      assert.deepEqual(await store.progress(table), { windows: 1, newest: 0, rows: 1 });
    }
    assert.deepEqual(await again.replace(inChunks([['new', 2]], [], [['new', 3]])), { rows: 2 });
    assert.deepEqual(await rowsOf(store, table), [
      [0, 'new', 2],
      [0, 'new', 3],
    ]);
  });

  contract('windows are filled side by side, and read meanwhile', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    await fill(store, table, 0, [['old', 0]]);
    const starts = [0, 60, 120];
    const claims = await Promise.all(starts.map((start) => aClaim(store, table, start)));
    const watched = async function* (start: number) {
      for (let at = 0; at < 5; at++) {
        assert.equal(
          (await store.read(table, { from: start, to: start + 60 })).some(
            ({ values }) => values[0] === 'new',
          ),
          false,
        );
        yield [['new', at]] as const;
      }
    };
    await Promise.all(claims.map((claim) => claim.replace(watched(claim.start))));
    const expected = starts.flatMap((start) => [0, 1, 2, 3, 4].map((at) => [start, 'new', at]));
    assert.deepEqual(await rowsOf(store, table), expected);
  });

  contract('a window has one claim at a time; given back or used, it is free', async ({ store, reopen }) => {
    const table = await store.ensureTable(aRequest());
    const options = { ttl: 1000, now: 5000 };
    const held = await store.claim(table, 0, { holder: 'a', ...options });
    assert.ok(held);
    assert.equal(await store.claim(table, 0, { holder: 'b', ...options }), undefined);
    assert.ok(await store.claim(table, 60, { holder: 'b', ...options }), 'another window is free');
    await held.release();
    const next = await store.claim(table, 0, { holder: 'b', ...options });
    assert.ok(next);
    await next.replace([[['b', 1]]]);
    await assert.rejects(next.replace([[['b', 2]]]), code('ClaimLost'));
    await store.claim(table, 0, { holder: 'c', ...options });
    assert.equal(await store.claim(table, 0, { holder: 'd', ...options }), undefined);
    assert.ok(await store.claim(table, 0, { holder: 'c', ...options }), 'its holder may claim again');
    const again = await reopen();
    assert.deepEqual(await rowsOf(again, table), [[0, 'b', 1]]);
  });

  contract('of many who claim at once one gets the window', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, at) => store.claim(table, 0, { holder: `${at}`, ttl: 1000, now: 0 })),
    );
    assert.equal(claims.filter((claim) => claim !== undefined).length, 1);
  });

  contract('an expired claim is taken over; who wakes up late changes nothing', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    const sleeper = await store.claim(table, 0, { holder: 'a', ttl: 1000, now: 5000 });
    assert.ok(sleeper);
    assert.equal(await store.claim(table, 0, { holder: 'b', ttl: 1000, now: 5999 }), undefined);
    const successor = await store.claim(table, 0, { holder: 'b', ttl: 1000, now: 6000 });
    assert.ok(successor);
    await assert.rejects(sleeper.replace([[['late', 1]]]), code('ClaimLost'));
    await sleeper.release();
    assert.equal(
      await store.claim(table, 0, { holder: 'c', ttl: 1000, now: 6500 }),
      undefined,
      'a late release frees nothing',
    );
    await successor.replace([[['right', 1]]]);
    await assert.rejects(sleeper.replace([[['late', 2]]]), code('ClaimLost'));
    assert.deepEqual(await rowsOf(store, table), [[0, 'right', 1]]);
  });

  contract('a claim taken over while its rows are coming changes nothing either', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    const slow = await store.claim(table, 0, { holder: 'a', ttl: 1000, now: 0 });
    assert.ok(slow);
    const overtaken = async function* () {
      yield [['late', 1]] as const;
      const successor = await store.claim(table, 0, { holder: 'b', ttl: 1000, now: 2000 });
      await successor?.replace([[['right', 1]]]);
      yield [['late', 2]] as const;
    };
    await assert.rejects(slow.replace(overtaken()), code('ClaimLost'));
    assert.deepEqual(await rowsOf(store, table), [[0, 'right', 1]]);
    assert.deepEqual(await store.progress(table), { windows: 1, newest: 0, rows: 1 });
  });

  contract('reading takes a range, an order and a limit', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    for (const start of [-60, 0, 60, 120])
      await fill(store, table, start, [
        ['b', start],
        ['a', start],
      ]);
    const read = async (options: Parameters<Results['read']>[1]) =>
      (await store.read(table, options)).map(({ windowStart, values }) => `${windowStart}${values[0]}`);
    assert.deepEqual(await read({ from: 0, to: 120 }), ['0b', '0a', '60b', '60a']);
    assert.deepEqual(await read({ limit: 3 }), ['-60b', '-60a', '0b']);
    assert.deepEqual(await read({ newestFirst: true, limit: 3 }), ['120b', '120a', '60b']);
    assert.deepEqual(await read({ to: 0 }), ['-60b', '-60a']);
    assert.deepEqual(await read({ from: 61, to: 120 }), []);
    assert.deepEqual(await read({ limit: 0 }), []);
  });

  contract('a scan gives every row in bounded chunks, as they stood when it began', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    for (const start of [0, 60]) {
      await fill(
        store,
        table,
        start,
        Array.from({ length: 1700 }, (_, at) => [`${start}`, at]),
      );
    }
    await fill(
      store,
      table,
      120,
      Array.from({ length: 40 }, (_, at) => ['x'.repeat(200_000), at]),
    );
    let at = 0;
    for await (const chunk of store.scan(table)) {
      if (at === 0) for (const start of [0, 60, 120, 180]) await fill(store, table, start, [['new', 1]]);
      const bytes = chunk.reduce((sum, { values }) => sum + String(values[0]).length, 0);
      assert.ok(
        chunk.length <= 10_000 && bytes <= 4 * 1024 * 1024,
        `a chunk of ${chunk.length} rows, ${bytes} bytes`,
      );
      for (const { windowStart, values } of chunk) {
        assert.equal(windowStart, at < 1700 ? 0 : at < 3400 ? 60 : 120);
        assert.equal(values[1], at < 3400 ? at % 1700 : at - 3400);
        at++;
      }
    }
    assert.equal(at, 3440);
    assert.equal((await scanAll(store, table)).length, 4);
    for await (const _ of store.scan(table)) break; // Leaving early holds nothing open.
    await fill(store, table, 0, []);
    assert.equal((await scanAll(store, table)).length, 3);
  });
}

async function* breakingOff() {
  yield [['half', 1]] as const;
  throw new Error('the engine went away');
}

async function* inChunks(...chunks: readonly (readonly ResultRow[])[]) {
  yield* chunks;
}
