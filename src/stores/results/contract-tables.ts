// The contract of result tables: their versions, their names, and values that come back exactly or are refused.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { aClaim, aRequest, type Contract, code, fill, rowsOf, scanAll } from './contract.fixture.ts';
import type { ResultTable, ResultType, ResultValue } from './port.ts';

export function tablesContract(contract: Contract): void {
  contract(
    'a fingerprint has one table; another one is the next version beside it',
    async ({ store, reopen }) => {
      const request = aRequest();
      const first = await store.ensureTable(request);
      const { owner, processor, window, columns } = request;
      assert.deepEqual(first, { owner, processor, name: 'gas_by_minute', version: 1, window, columns });
      assert.deepEqual(await store.ensureTable(request), first);
      await fill(store, first, 0, [['old', 1]]);

      const wider = [...columns, { name: 'extra', type: 'double' } as const];
      const second = await store.ensureTable({ ...request, fingerprint: 'b', columns: wider });
      assert.equal(second.name, 'gas_by_minute_v2');
      assert.equal(second.version, 2);
      assert.deepEqual(await store.read(second, {}), []);
      assert.deepEqual(await rowsOf(store, first), [[0, 'old', 1]], 'the older version keeps its rows');
      assert.deepEqual(await store.ensureTable(request), first);

      const again = await reopen();
      assert.deepEqual(await again.ensureTable(request), first);
      assert.deepEqual(
        (await again.tables()).filter((table) => table.owner === owner),
        [second],
      );
    },
  );

  contract(
    'owners and processors do not see each other, however alike their names are',
    async ({ store }) => {
      const id = randomUUID();
      const requests = [
        aRequest({ owner: `user/${id}-a`, processor: 'gas' }),
        aRequest({ owner: `user/${id}_a`, processor: 'gas' }),
        aRequest({ owner: `user/${id}-A`, processor: 'gas' }),
        aRequest({ owner: `user/${id}-a`, processor: 'gas-v2' }),
        aRequest({ owner: `user/${id}-a`, processor: 'gas', fingerprint: 'b' }),
        aRequest({ owner: `user/${id}"; DROP`, processor: 'gas' }),
      ];
      const tables: ResultTable[] = [];
      for (const request of requests) tables.push(await store.ensureTable(request));
      assert.equal(new Set(tables.map((table) => `${table.owner}/${table.name}`)).size, requests.length);
      for (const [at, table] of tables.entries()) await fill(store, table, 0, [[`${at}`, at]]);
      for (const [at, table] of tables.entries())
        assert.deepEqual(await rowsOf(store, table), [[0, `${at}`, at]]);
    },
  );

  contract('the same fingerprint with other columns is refused', async ({ store }) => {
    const request = aRequest();
    await store.ensureTable(request);
    const columns = [{ name: 'token', type: 'text' } as const];
    await assert.rejects(store.ensureTable({ ...request, columns }), code('ColumnsDiffer'));
  });

  contract('hostile column names are plain names', async ({ store }) => {
    const names = [
      'a "quoted" name',
      "it's",
      'two words',
      '区块',
      'select',
      'a;DROP TABLE x',
      '`tick`',
      'rowid',
      '$1',
      '?',
      '-- c',
    ];
    const columns = names.map((each) => ({ name: each, type: 'text' }) as const);
    const table = await store.ensureTable(aRequest({ columns }));
    await fill(store, table, 60, [names]);
    assert.deepEqual((await store.read(table, {}))[0]?.values, names);
    assert.deepEqual(await scanAll(store, table), [{ windowStart: 60, values: names, provisional: false }]);
    assert.deepEqual((await store.tables()).find(({ owner }) => owner === table.owner)?.columns, columns);
  });

  contract('column names that some store cannot hold are refused', async ({ store }) => {
    const refused = [
      [],
      ['a', 'a'],
      ['a', 'A'],
      ['é', 'e'],
      ['window_start'],
      ['Window_Start'],
      ['window_row'],
      ['provisional'],
      [''],
      [' '],
      ['a\nb'],
      ['a\u0000'],
      ['x'.repeat(65)],
    ];
    for (const names of refused) {
      const columns = names.map((each) => ({ name: each, type: 'text' }) as const);
      const request = aRequest({ columns });
      await assert.rejects(
        store.ensureTable(request),
        code('SqlInvalid'),
        `accepted ${JSON.stringify(names)}`,
      );
      assert.equal(
        (await store.tables()).some(({ owner }) => owner === request.owner),
        false,
      );
    }
  });

  contract('values come back exactly', async ({ store }) => {
    const values: Readonly<Record<ResultType, readonly ResultValue[]>> = {
      integer: [0, -1, 2 ** 53 - 1, '9007199254740992', '9223372036854775807', '-9223372036854775808', null],
      decimal: [
        `${'9'.repeat(78)}`,
        `-${'1'.repeat(78)}`,
        '0.000000000000000001',
        '1.50',
        '0',
        null,
        '115792089237316195423570985008687907853269984665640564039457584007913129639935',
      ],
      double: [0.1, -1.5e300, 5e-324, Number.MAX_VALUE, 3, null, 0],
      text: ['', "it's", 'línea\nбlock 区块 🧱', '\u0000', 'NULL', null, '0012'],
      boolean: [true, false, null, true, false, null, true],
      timestamp: [
        '2023-07-13T10:35:47Z',
        '2023-07-13T10:35:47.123456Z',
        '1970-01-01T00:00:00Z',
        '9999-12-31T23:59:59Z',
        '2016-02-29T00:00:00Z',
        null,
        '2000-01-01T00:00:00Z',
      ],
      date: ['2023-07-13', '1970-01-01', '9999-12-31', '2016-02-29', null, '2000-01-01', '2001-01-01'],
    };
    const types = Object.keys(values) as ResultType[];
    const table = await store.ensureTable(
      aRequest({ columns: types.map((type) => ({ name: `a_${type}`, type })) }),
    );
    const rows = Array.from({ length: 7 }, (_, at) => types.map((type) => values[type][at] ?? null));
    await fill(store, table, 0, rows);
    assert.deepEqual(
      (await store.read(table, {})).map((row) => row.values),
      rows,
    );
    assert.deepEqual(
      (await scanAll(store, table)).map((row) => row.values),
      rows,
    );
  });

  contract(
    'a value that would not come back the same is refused, and nothing is written',
    async ({ store }) => {
      const refused: readonly (readonly [ResultType, ResultValue])[] = [
        ['integer', '9223372036854775808'],
        ['integer', 2 ** 53],
        ['integer', 1.5],
        ['integer', true],
        ['decimal', 1.5],
        ['decimal', '1e18'],
        ['decimal', 'NaN'],
        ['double', Number.NaN],
        ['double', Number.POSITIVE_INFINITY],
        ['double', '1.5'],
        ['text', '\ud800'],
        ['text', 5],
        ['boolean', 1],
        ['timestamp', '2023-07-13 10:35:47'],
        ['timestamp', '2023-07-13T10:35:47.5Z'],
        ['timestamp', '2023-07-13T10:35:47.000000Z'],
        ['timestamp', '2023-07-13T10:35:47.123456789Z'],
        ['timestamp', '2023-02-30T10:35:47Z'],
        ['timestamp', '2016-12-31T23:59:60Z'],
        ['timestamp', '2016-12-31T24:00:00Z'],
        ['date', '13.07.2023'],
        ['date', '2023-02-29'],
        ['date', '2023-13-01'],
        ['date', '0000-01-01'],
      ];
      for (const [type, value] of refused) {
        const table = await store.ensureTable(aRequest({ columns: [{ name: 'a', type }] }));
        const claim = await aClaim(store, table, 0);
        await assert.rejects(
          claim.replace([[[null], [value]]]),
          code('SqlFailed'),
          `${type} accepted ${value}`,
        );
        await assert.rejects(
          claim.replace([[[null, null]]]),
          code('SqlFailed'),
          'a row too long was accepted',
        );
        assert.deepEqual(await store.read(table, {}), []);
        assert.equal((await store.progress(table)).windows, 0);
      }
    },
  );
}
