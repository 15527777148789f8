import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Binder } from './bound-plan.ts';
import { readColumns } from './read-columns.ts';

describe('columns that a statement reads', () => {
  let binder: Binder;
  before(async () => {
    binder = await Binder.open();
  });
  after(() => binder.close());
  const read = async (sql: string) =>
    Object.fromEntries(
      [...readColumns(await binder.bind(sql, 'test'))].map(([table, names]) => [table, [...names].sort()]),
    );

  test('only those, wherever they stand', async () => {
    assert.deepEqual(await read('SELECT max(gas_used) AS x FROM blocks WHERE miner IS NOT NULL'), {
      blocks: ['gas_used', 'miner'],
    });
    assert.deepEqual(
      await read(`WITH a AS (SELECT hash FROM transactions) SELECT (SELECT max(number) FROM blocks) AS x, count(*) AS n
        FROM a WHERE EXISTS (SELECT 1 FROM logs l WHERE l.transaction_hash = a.hash AND l.topics[1] = '0x')`),
      {
        transactions: ['hash'],
        blocks: ['number'],
        logs: ['topic0', 'topic1', 'topic2', 'topic3', 'transaction_hash'],
      },
    );
  });

  test('transfers are made from columns of logs', async () => {
    assert.deepEqual(await read('SELECT token_address, sum(value) AS v FROM transfers GROUP BY 1'), {
      logs: ['address', 'transfer_value'],
    });
    assert.deepEqual(await read('SELECT count(*) AS n FROM transfers'), { logs: ['transfer_value'] });
  });

  test('counting rows reads no column', async () => {
    assert.deepEqual(await read('SELECT count(*) AS n FROM transactions'), { transactions: [] });
  });
});
