import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEntry, Token, User } from '../../stores/metadata/port.ts';
import { openWebFixture, type WebFixture } from './web.fixture.ts';

let fixture: WebFixture;
/** The clock of the server: it stands still until a test moves it. */
let now = Date.UTC(2026, 5, 1, 12);
before(async () => {
  const clock = { now: () => now, sleep: async (_ms: number, signal?: AbortSignal) => aborted(signal) };
  fixture = await openWebFixture({ clock });
});
after(async () => fixture.close());

/** Nothing that waits goes on before it is told to end. */
async function aborted(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
  signal?.throwIfAborted();
}

async function ask<T>(
  token: string | undefined,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: T & { code?: string; message?: string } }> {
  const response = await fetch(new URL(path, fixture.web.url), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** A user with a token; the keeper made both over the API. */
async function aUser(id: string, expiresAt?: number): Promise<string> {
  const user = await ask<User>(fixture.token, 'POST', '/api/users', { name: `${id}@example.org`, id });
  assert.deepEqual(user, {
    status: 201,
    body: { id, name: `${id}@example.org`, createdAt: now, disabled: false },
  });
  const token = { name: 'laptop', ...(expiresAt === undefined ? {} : { expiresAt }) };
  const made = await ask<{ secret: string; token: Token }>(
    fixture.token,
    'POST',
    `/api/users/${id}/tokens`,
    token,
  );
  assert.equal(made.status, 201);
  assert.deepEqual(made.body.token, { userId: id, createdAt: now, ...token });
  return made.body.secret;
}

const select = { sql: 'SELECT 1 AS one' };

test('a user’s token runs queries, and what they save is theirs', async () => {
  const [alice, bob] = [await aUser('alice'), await aUser('bob')];
  const { body } = await ask<{ rows: unknown }>(alice, 'POST', '/api/query', select);
  assert.deepEqual(body.rows, [[1]]);
  assert.equal((await ask(alice, 'PUT', '/api/queries/mine', select)).status, 204);
  assert.equal((await ask(fixture.token, 'PUT', '/api/queries/ours', select)).status, 204);
  const names = async (token?: string) => {
    const listed = await ask<{ queries: { name: string }[] }>(token, 'GET', '/api/queries');
    return listed.body.queries.map(({ name }) => name);
  };
  assert.deepEqual(await names(alice), ['mine']);
  assert.deepEqual(await names(bob), []);
  assert.deepEqual([await names(fixture.token), await names()], [['ours'], ['ours']]);
  assert.equal((await fixture.metadata.savedQuery('user/alice', 'mine'))?.sql, select.sql);
  assert.deepEqual((await ask(bob, 'DELETE', '/api/queries/mine')).body, { deleted: false });
  assert.deepEqual((await ask(alice, 'DELETE', '/api/queries/mine')).body, { deleted: true });
});

test('a token opens nothing once it expired, was revoked, or its user was disabled', async () => {
  const [expiring, revoked, disabled] = [
    await aUser('carol', now + 60_000),
    await aUser('dave'),
    await aUser('erin'),
  ];
  const status = async (token: string) => (await ask(token, 'POST', '/api/query', select)).status;
  const all = () => Promise.all([expiring, revoked, disabled].map(status));
  assert.deepEqual(await all(), [200, 200, 200]);
  now += 60_000;
  assert.equal((await ask(fixture.token, 'DELETE', '/api/users/dave/tokens/laptop')).status, 204);
  await ask(fixture.token, 'PATCH', '/api/users/erin', { disabled: true });
  assert.deepEqual(await all(), [403, 403, 403]);
  await ask(fixture.token, 'PATCH', '/api/users/erin', { disabled: false });
  assert.equal(await status(disabled), 200);
});

test('users and tokens are the keeper’s: no user’s token and no page may touch them', async () => {
  const secret = await aUser('frank');
  for (const [method, path, body] of [
    ['GET', '/api/users'],
    ['POST', '/api/users', { name: 'mallory' }],
    ['PATCH', '/api/users/frank', { disabled: false }],
    ['GET', '/api/users/frank/tokens'],
    ['POST', '/api/users/frank/tokens', { name: 'more' }],
    ['DELETE', '/api/users/frank/tokens/laptop'],
    ['PUT', '/api/access/cluster', { rotate: true }],
    ['DELETE', '/api/access/user%2Ffrank'],
    ['GET', '/api/audit'],
  ] as const) {
    for (const token of [secret, undefined, 'guess']) {
      const { status, body: answer } = await ask(token, method, path, body);
      assert.deepEqual([status, answer.code], [403, 'RequestRefused'], `${method} ${path} ${token}`);
    }
  }
});

test('what cannot be is refused with its reason', async () => {
  await aUser('grace');
  const refused = async (path: string, body: object) => {
    const answer = await ask(fixture.token, 'POST', path, body);
    return [answer.status, answer.body.code];
  };
  assert.deepEqual(await refused('/api/users', { name: 'grace@example.org', id: 'other' }), [
    409,
    'UserExists',
  ]);
  assert.deepEqual(await refused('/api/users', { name: 'Other', id: 'grace' }), [409, 'UserExists']);
  assert.deepEqual(await refused('/api/users', { name: '区块' }), [400, 'RequestInvalid']);
  assert.deepEqual(await refused('/api/users', { name: 'line\nbreak', id: 'x' }), [400, 'RequestInvalid']);
  assert.deepEqual(await refused('/api/users/nobody/tokens', { name: 'x' }), [404, 'UserUnknown']);
  assert.deepEqual(await refused('/api/users/grace/tokens', { name: 'laptop' }), [409, 'TokenExists']);
  assert.deepEqual(await refused('/api/users/grace/tokens', { name: 'past', expiresAt: now }), [
    400,
    'RequestInvalid',
  ]);
  const made = await ask<User>(fixture.token, 'POST', '/api/users', { name: 'Zoë O’Hara-Ng' });
  assert.equal(made.body.id, 'zoe-o-hara-ng');
  assert.equal((await ask(fixture.token, 'DELETE', '/api/users/grace/tokens/none')).status, 404);
});

test('embedded results have no database accounts, and say so', async () => {
  await aUser('judy');
  for (const owner of ['cluster', 'user%2Fjudy']) {
    const { status, body } = await ask(fixture.token, 'PUT', `/api/access/${owner}`, {});
    assert.deepEqual([status, body.code], [400, 'AccessAbsent']);
  }
  const nobody = await ask(fixture.token, 'PUT', '/api/access/user%2Fnobody', { rotate: false });
  assert.deepEqual([nobody.status, nobody.body.code], [404, 'UserUnknown']);
});

test('the trail says who did what and how it ended, without a secret', async () => {
  now += 1_000;
  const from = now;
  const heidi = await aUser('heidi');
  await ask(heidi, 'POST', '/api/query', select);
  await ask(heidi, 'POST', '/api/query', { sql: `SELECT ${'x'.repeat(500)} FROM nowhere` });
  await ask(heidi, 'PUT', '/api/queries/mine', select);
  await ask(heidi, 'PUT', '/api/subscriptions/all', { topic: 'logs' });
  await ask('millrace_guess', 'POST', '/api/query', select);
  await ask(fixture.token, 'POST', '/api/users/nobody/tokens', { name: 'x' });
  const { body } = await ask<{ entries: AuditEntry[] }>(fixture.token, 'GET', '/api/audit?limit=100');
  const told = body.entries
    .filter(({ at }) => at === from)
    .map(({ who, action, outcome, what }) => [who, action, outcome, what.replace(/[0-9a-f]{64}/, 'HASH')]);
  assert.deepEqual(told.toReversed(), [
    ['folder', 'user.add', 'done', 'user/heidi heidi@example.org'],
    ['folder', 'token.create', 'done', 'user/heidi laptop for ever'],
    ['user/heidi', 'query.run', 'done', 'sha256:HASH SELECT 1 AS one'],
    ['user/heidi', 'query.run', 'refused', `sha256:HASH SELECT ${'x'.repeat(193)}`],
    ['user/heidi', 'query.save', 'done', 'user/heidi/mine sha256:HASH SELECT 1 AS one'],
    ['user/heidi', 'subscription.save', 'done', 'user/heidi/all logs'],
    ['unknown', 'login', 'refused', '127.0.0.1 POST /api/query'],
    ['folder', 'token.create', 'failed', 'user/nobody x for ever'],
  ]);
  const everything = JSON.stringify(body);
  for (const secret of [heidi, fixture.token, 'millrace_guess']) assert.ok(!everything.includes(secret));
});

test('pages of the trail join without a gap, and guessing cannot fill it', async () => {
  now += 60_000;
  await Promise.all(Array.from({ length: 100 }, () => ask('guess', 'POST', '/api/query', select)));
  const entries: AuditEntry[] = [];
  for (let before = ''; ; ) {
    const path = `/api/audit?limit=17${before}`;
    const { body } = await ask<{ entries: AuditEntry[]; next: string | null }>(fixture.token, 'GET', path);
    entries.push(...body.entries);
    if (body.next === null) break;
    before = `&before=${body.next}`;
  }
  const whole = await ask<{ entries: AuditEntry[] }>(fixture.token, 'GET', '/api/audit?limit=500');
  assert.deepEqual(entries, whole.body.entries);
  assert.equal(entries.filter(({ at, action }) => at === now && action === 'login').length, 60);
  assert.equal((await ask(fixture.token, 'GET', '/api/audit?before=x')).status, 400);
});
