// The contract of provisional rows: one owner at a time, a sequence that only rises, final rows that nothing replaces,
// and a position that moves with the rows.

import assert from 'node:assert/strict';
import { aClaim, aRequest, type Contract, code, fill, scanAll } from './contract.fixture.ts';
import type { ResultRow, Results, ResultTable } from './port.ts';
import type { ProvisionalClaim, ProvisionalCommit } from './provisional.ts';

const at = (sequence: number, parts: Partial<ProvisionalCommit> = {}): ProvisionalCommit => ({
  sequence,
  position: `after ${sequence}`,
  openFrom: 0,
  ...parts,
});

export function provisionalContract(contract: Contract): void {
  contract(
    'provisional rows are read beside final ones, told apart, and not counted as done',
    async ({ store, reopen }) => {
      const table = await store.ensureTable(aRequest());
      await fill(store, table, 0, [['final', 1]]);
      const owner = await anOwner(store, table);
      assert.equal(owner.position, undefined);
      assert.deepEqual(await owner.replace(60, [[['a', 1]], [['b', 2]]], at(7)), { rows: 2 });
      const expected = [
        { windowStart: 0, values: ['final', 1], provisional: false },
        { windowStart: 60, values: ['a', 1], provisional: true },
        { windowStart: 60, values: ['b', 2], provisional: true },
      ];
      const again = await reopen();
      assert.deepEqual(await again.read(table, {}), expected);
      assert.deepEqual(await scanAll(again, table), expected);
      assert.deepEqual(await again.read(table, { newestFirst: true, limit: 1 }), [expected[1]]);
      assert.deepEqual(await again.progress(table), { windows: 1, newest: 0, rows: 1 });
      assert.deepEqual(await again.doneWindows(table, { from: 0, to: 120 }), [0]);
      assert.deepEqual(await again.provisional.windows(table), [{ start: 60, sequence: 7, rows: 2 }]);
      const next = await again.provisional.claim(table, { holder: 'test', ttl: 60_000, now: Date.now() });
      assert.equal(next?.position, 'after 7');
    },
  );

  contract(
    'only a higher sequence replaces provisional rows; the position moves with each commit',
    async ({ store }) => {
      const table = await store.ensureTable(aRequest());
      const owner = await anOwner(store, table);
      assert.deepEqual(await owner.replace(60, [[['a', 1]]], at(5)), { rows: 1 });
      for (const sequence of [5, 4]) {
        const again = await anOwner(store, table);
        assert.equal(await again.replace(60, [[['late', 0]]], at(sequence)), undefined);
        assert.equal((await anOwner(store, table)).position, `after ${sequence}`);
      }
      const successor = await anOwner(store, table);
      assert.deepEqual(await values(store, table), [['a', 1]]);
      assert.deepEqual(await successor.replace(60, [[['b', 1]], [['b', 2]]], at(6)), { rows: 2 });
      assert.deepEqual(await successor.replace(120, [[['c', 1]]], at(6)), { rows: 1 });
      assert.deepEqual(await successor.replace(60, [], at(8)), { rows: 0 });
      assert.deepEqual(await values(store, table), [['c', 1]]);
      assert.deepEqual(await store.provisional.windows(table), [
        { start: 60, sequence: 8, rows: 0 },
        { start: 120, sequence: 6, rows: 1 },
      ]);
      assert.deepEqual(await successor.replace(120, [[['c', 2]]], at(9, { openFrom: 120 })), { rows: 1 });
      assert.deepEqual(await store.provisional.windows(table), [{ start: 120, sequence: 9, rows: 1 }]);
    },
  );

  contract(
    'final rows take the place of provisional ones, and nothing provisional comes after them',
    async ({ store }) => {
      const table = await store.ensureTable(aRequest());
      const owner = await anOwner(store, table);
      await owner.replace(0, [[['guess', 1]], [['guess', 2]]], at(5));
      await fill(store, table, 0, [['final', 3]]);
      assert.deepEqual(await store.read(table, {}), [
        { windowStart: 0, values: ['final', 3], provisional: false },
      ]);
      assert.deepEqual(await store.provisional.windows(table), []);
      assert.equal(await owner.replace(0, [[['late', 9]]], at(99)), undefined);
      assert.equal((await anOwner(store, table)).position, 'after 99');
      assert.deepEqual(await store.progress(table), { windows: 1, newest: 0, rows: 1 });
      assert.deepEqual(await values(store, table), [['final', 3]]);
      const claim = await aClaim(store, table, 60);
      const successor = await anOwner(store, table);
      await successor.replace(60, [[['guess', 1]]], at(100));
      assert.deepEqual(await claim.replace([]), { rows: 0 });
      assert.deepEqual(await values(store, table), [['final', 3]]);
      assert.deepEqual(await store.provisional.windows(table), []);
    },
  );

  contract(
    'a window that becomes final while its provisional rows come keeps the final ones',
    async ({ store }) => {
      const table = await store.ensureTable(aRequest());
      const owner = await anOwner(store, table);
      const overtaken = async function* () {
        yield [['late', 1]] as const;
        await fill(store, table, 0, [['final', 1]]);
        yield [['late', 2]] as const;
      };
      assert.equal(await owner.replace(0, overtaken(), at(5)), undefined);
      for (let start = 60; start <= 600; start += 60) {
        await Promise.all([
          owner.replace(start, [[['guess', start]]], at(start)),
          fill(store, table, start, [['final', start]]),
        ]);
      }
      const rows = await store.read(table, {});
      assert.equal(rows.length, 11);
      assert.ok(rows.every(({ values, provisional }) => values[0] === 'final' && !provisional));
      assert.deepEqual(await store.progress(table), { windows: 11, newest: 600, rows: 11 });
    },
  );

  contract('rows that break off leave the old rows and the old position', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    const owner = await anOwner(store, table);
    await owner.replace(0, [[['old', 1]]], at(1));
    const breakingOff = async function* () {
      yield [['half', 1]] as const;
      throw new Error('the engine went away');
    };
    await assert.rejects(owner.replace(0, breakingOff(), at(2)), /the engine went away/);
    await assert.rejects(owner.replace(0, [[['too', 1, 'many']]], at(2)), code('SqlFailed'));
    assert.deepEqual(await values(store, table), [['old', 1]]);
    assert.equal((await anOwner(store, table)).position, 'after 1');
  });

  contract(
    'a table has one owner of its provisional rows; a dead one is taken over, a late one changes nothing',
    async ({ store }) => {
      const table = await store.ensureTable(aRequest());
      const claim = (holder: string, now: number) =>
        store.provisional.claim(table, { holder, ttl: 1000, now });
      const sleeper = await claim('a', 5000);
      assert.ok(sleeper);
      await sleeper.replace(0, [[['a', 1]]], at(1));
      assert.equal(await claim('b', 5999), undefined);
      await sleeper.renew({ ttl: 1000, now: 5500 });
      assert.equal(await claim('b', 6000), undefined, 'it was renewed');
      const other = await store.ensureTable(aRequest());
      assert.ok(
        await store.provisional.claim(other, { holder: 'b', ttl: 1000, now: 5000 }),
        'another table is free',
      );
      const successor = await claim('b', 6500);
      assert.equal(successor?.position, 'after 1');
      await assert.rejects(sleeper.replace(0, [[['late', 1]]], at(2)), code('ClaimLost'));
      await assert.rejects(sleeper.renew({ ttl: 1000, now: 6600 }), code('ClaimLost'));
      await sleeper.release();
      assert.equal(await claim('c', 6600), undefined, 'a late release frees nothing');
      assert.deepEqual(await successor.replace(0, [[['b', 1]]], at(2)), { rows: 1 });
      assert.deepEqual(await values(store, table), [['b', 1]]);
      await successor.release();
      assert.equal((await claim('c', 6600))?.position, 'after 2');
    },
  );

  contract('an owner that is taken over while its rows come changes nothing either', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    const slow = await store.provisional.claim(table, { holder: 'a', ttl: 1000, now: 0 });
    assert.ok(slow);
    const overtaken = async function* () {
      yield [['late', 1]] as const;
      const successor = await store.provisional.claim(table, { holder: 'b', ttl: 60_000, now: 2000 });
      await successor?.replace(0, [[['right', 1]]], at(3));
    };
    await assert.rejects(slow.replace(0, overtaken(), at(4)), code('ClaimLost'));
    assert.deepEqual(await values(store, table), [['right', 1]]);
    assert.equal(
      (await store.provisional.claim(table, { holder: 'b', ttl: 1, now: 2001 }))?.position,
      'after 3',
    );
  });

  contract('of many who want to own the provisional rows at once one does', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, holder) =>
        store.provisional.claim(table, { holder: `${holder}`, ttl: 1000, now: 0 }),
      ),
    );
    assert.equal(claims.filter((claim) => claim !== undefined).length, 1);
  });

  contract('a claim of a window is kept by renewing it, also while its rows come', async ({ store }) => {
    const table = await store.ensureTable(aRequest());
    const claim = await store.claim(table, 0, { holder: 'a', ttl: 1000, now: 0 });
    assert.ok(claim);
    const rival = (now: number) => store.claim(table, 0, { holder: 'b', ttl: 1000, now });
    const renewed = async function* () {
      yield [['a', 1]] as const;
      await claim.renew({ ttl: 1000, now: 900 });
      assert.equal(await rival(1500), undefined);
      yield [['a', 2]] as const;
    };
    assert.deepEqual(await claim.replace(renewed()), { rows: 2 });
    await assert.rejects(claim.renew({ ttl: 1000, now: 1500 }), code('ClaimLost'), 'it was used');
    const expired = await store.claim(table, 0, { holder: 'a', ttl: 1000, now: 2000 });
    assert.ok(await rival(3000));
    await assert.rejects(expired?.renew({ ttl: 1000, now: 3000 }) ?? Promise.resolve(), code('ClaimLost'));
  });
}

async function anOwner(store: Results, table: ResultTable): Promise<ProvisionalClaim> {
  const owner = await store.provisional.claim(table, { holder: 'test', ttl: 60_000, now: Date.now() });
  assert.ok(owner);
  return owner;
}

async function values(store: Results, table: ResultTable): Promise<readonly ResultRow[]> {
  return (await store.read(table, {})).map((row) => row.values);
}
