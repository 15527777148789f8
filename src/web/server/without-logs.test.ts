// The API of a pipeline that keeps no logs: nowhere an empty list that would look like an answer.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ErrorAnswer, QueryTablesAnswer, SearchAnswer, TransactionAnswer } from './answers.ts';
import { openWebFixture, type WebFixture } from './web.fixture.ts';

let fixture: WebFixture;
before(async () => {
  fixture = await openWebFixture({ logs: false });
});
after(async () => fixture.close());

const get = async <T>(path: string): Promise<T> =>
  (await (await fetch(new URL(path, fixture.web.url))).json()) as T;

test('SQL has no logs and transfers to list', async () => {
  const { tables } = await get<QueryTablesAnswer>('/api/tables');
  const names = tables.map(({ name }) => name).filter((name) => !name.includes('.'));
  assert.deepEqual(names, ['blocks', 'transactions']);
});

test('a transaction says that its logs are not kept, which is not that it has none', async () => {
  const hash = fixture.blocks[0]?.transactions[0]?.hash;
  assert.ok(hash);
  assert.equal((await get<TransactionAnswer>(`/api/transactions/${hash}`)).logs, null);
  const found = await get<SearchAnswer>(`/api/search?q=${hash}`);
  assert.ok(found.kind === 'transaction');
  assert.equal(found.logs, null);
});

test('nobody subscribes to logs that never come', async () => {
  const ask = async (path: string, method: string, body?: object) => {
    const response = await fetch(new URL(`/api/subscriptions/${path}`, fixture.web.url), {
      method,
      headers: { authorization: `Bearer ${fixture.token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: (await response.json()) as ErrorAnswer };
  };
  const refusal = /keeps no logs \(spec\.chain\.ethereum\.logs is false\): nothing would ever come/;
  const refused = await ask('mine', 'PUT', { topic: 'logs' });
  assert.equal(refused.status, 400);
  assert.match(refused.body.message, refusal);
  assert.equal((await ask('mine', 'GET')).body.code, 'SubscriptionUnknown');
  assert.equal((await ask('mine', 'PUT', { topic: 'transactions' })).status, 200);

  // One of another time, in a store that outlived its pipeline.
  const old = { owner: 'cluster', name: 'old', topic: 'logs', createdAt: 1 } as const;
  await fixture.metadata.saveSubscription(old);
  const events = await ask('old/events', 'GET');
  assert.equal(events.status, 400);
  assert.match(events.body.message, refusal);
});
