import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { QueryTablesAnswer } from './answers.ts';
import { openWebFixture, type WebFixture } from './web.fixture.ts';

let fixture: WebFixture;
before(async () => {
  fixture = await openWebFixture();
});
after(async () => fixture.close());

/** The names of an answer's columns; lists cannot be in an answer, so they are left out. */
async function columnsOf(sql: string): Promise<readonly string[]> {
  const { columns } = await fixture.query({ sql });
  return columns.map(({ name }) => name);
}

test('the tables told are those that a query can read, with all their columns', async () => {
  const response = await fetch(new URL('/api/tables', fixture.web.url));
  const { tables } = (await response.json()) as QueryTablesAnswer;
  assert.deepEqual(
    tables.map(({ name }) => name),
    ['blocks', 'transactions', 'logs', 'transfers', 'cluster.gas_by_minute', 'cluster.transfers_by_token'],
  );
  for (const { name, columns } of tables) {
    const lists = columns.filter(({ type }) => type.endsWith('[]')).map((column) => column.name);
    for (const list of lists)
      assert.deepEqual(await columnsOf(`SELECT len(${list}) AS n FROM ${name}`), ['n']);
    const exclude = lists.length > 0 ? ` EXCLUDE (${lists.join(', ')})` : '';
    assert.deepEqual(
      await columnsOf(`SELECT *${exclude} FROM ${name} LIMIT 1`),
      columns.map((column) => column.name).filter((column) => !lists.includes(column)),
      name,
    );
  }
});
