import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { aFolder, type Ended, startMillrace } from '../../../test/millrace-process.ts';
import { claimIdentity } from '../../data-folder/identity.ts';
import { lockFolder } from '../../data-folder/lock.ts';
import { openWebFixture } from '../../web/server/web.fixture.ts';

/** A data folder without a process that owns it, and the command line in it. */
function aPlace(t: Parameters<typeof aFolder>[0]) {
  const cwd = aFolder(t);
  mkdirSync(`${cwd}/data/one`, { recursive: true });
  claimIdentity(`${cwd}/data/one`, { pipeline: 'one', chainId: 1, logs: true });
  return { folder: `${cwd}/data/one`, run: (...args: string[]) => startMillrace(t, args, { cwd }).ended };
}

function good({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 0, stderr);
  return stdout;
}

async function administer(run: (...args: string[]) => Promise<Ended>): Promise<string> {
  assert.match(good(await run('user', 'add', 'Zoë Ng')), /^user\/zoe-ng is Zoë Ng; /);
  good(await run('user', 'add', 'bob@example.org', '--id', 'bob'));
  const [made, again] = [
    await run('token', 'create', 'Zoë Ng', 'laptop'),
    await run('token', 'create', 'zoe-ng', 'laptop'),
  ];
  const secret = good(made);
  assert.match(secret, /^millrace_[\w-]{43}\n$/);
  assert.match(made.stderr, /^token laptop of user\/zoe-ng opens the API until 20\d\d-[^\n]+\n$/);
  assert.deepEqual([again.code, again.stdout], [2, '']);
  assert.match(
    again.stderr,
    /^millrace: TokenExists: user\/zoe-ng has a token named laptop already\. [^\n]+\n$/,
  );
  const users = JSON.parse(good(await run('user', 'list', '--format', 'json')));
  assert.deepEqual(
    users.map(({ id, name, state }: Record<string, string>) => [id, name, state]),
    [
      ['zoe-ng', 'Zoë Ng', 'enabled'],
      ['bob', 'bob@example.org', 'enabled'],
    ],
  );
  assert.match(good(await run('user', 'disable', 'bob@example.org')), /^user\/bob is disabled\n$/);
  good(await run('token', 'create', 'bob', 'nightly', '--expires', 'never'));
  const tokens = good(await run('token', 'list'))
    .trim()
    .split('\r\n');
  assert.deepEqual(
    tokens.map((line) => line.split(',').slice(0, 2).join(' ')),
    ['user name', 'zoe-ng laptop', 'bob nightly'],
  );
  good(await run('token', 'revoke', 'bob', 'nightly'));
  const gone = await run('token', 'revoke', 'bob', 'nightly');
  assert.deepEqual([gone.code, gone.stderr.split(':')[1]], [2, ' TokenUnknown']);
  const unknown = await run('user', 'enable', 'nobody');
  assert.deepEqual([unknown.code, unknown.stderr.split(':')[1]], [2, ' UserUnknown']);
  return secret.trim();
}

async function actions(run: (...args: string[]) => Promise<Ended>, who: string): Promise<readonly string[]> {
  const entries = JSON.parse(good(await run('audit', '--format', 'json', '--limit', '7')));
  for (const entry of entries) assert.equal(entry.who, who);
  return entries.map(({ action, outcome }: Record<string, string>) => `${action} ${outcome}`).toReversed();
}

const expected = [
  'token.create done',
  'token.create failed',
  'user.disable done',
  'token.create done',
  'token.revoke done',
  'token.revoke failed',
];

test('users and tokens of a folder that nobody owns', { timeout: 300_000 }, async (t) => {
  const { run } = aPlace(t);
  await administer(run);
  assert.deepEqual((await actions(run, 'command-line')).slice(1), expected);
});

test('users and tokens of a pipeline that runs go through it', { timeout: 300_000 }, async (t) => {
  const { run, folder } = aPlace(t);
  const lock = lockFolder(folder);
  const fixture = await openWebFixture({ token: lock.token });
  t.after(async () => {
    await fixture.close();
    lock.release();
  });
  lock.announce(fixture.web.url);
  const secret = await administer(run);
  const answer = await fetch(new URL('/api/query', fixture.web.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: '{"sql":"SELECT 1"}',
  });
  assert.equal(answer.status, 200);
  assert.equal((await fixture.metadata.user('bob'))?.disabled, true);
  const told = await fixture.metadata.audit({ now: Date.now(), limit: 1 });
  assert.deepEqual([told.entries[0]?.who, told.entries[0]?.action], ['user/zoe-ng', 'query.run']);
});

test('what makes no sense is said in one line', { timeout: 300_000 }, async (t) => {
  const { run } = aPlace(t);
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    return stderr;
  };
  assert.match(await refused('user', 'add', '区块'), /RequestInvalid: "" is no id of a user: .*\n$/);
  assert.match(await refused('user', 'add', 'bob', '--id', 'B'), /RequestInvalid: "B" is no id/);
  assert.match(await refused('token', 'create', 'bob', 'x', '--expires', 'soon'), /90d or 12h, or never/);
  assert.match(await refused('user', 'list', '--data', 'nowhere'), /DataFolderMissing/);
  assert.match(await refused('user', 'rename'), /unknown command/);
  assert.match(await refused('user', 'access', 'cluster'), /^millrace: AccessAbsent: [^\n]+\n$/);
  assert.match(await refused('user', 'access', 'x', '--rotate', '--revoke'), /cannot be used with option/);
  for (const command of ['user', 'token', 'audit']) {
    assert.match(good(await run(command, '--help')), /Examples:\n {2}\$ millrace /);
  }
});
