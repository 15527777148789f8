import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../clock.ts';
import { silentLogger } from '../../../logger.ts';
import { openMongoMetadata } from './open.ts';
import { signInRefuser } from './sign-in.fixture.ts';

async function refusal(url: string): Promise<{ code?: string; message: string; retry?: boolean }> {
  const options = { where: 'spec.web.metadata.mongodb', database: 'x', clock: systemClock };
  try {
    await openMongoMetadata({ url, ...options, logger: silentLogger });
  } catch (error) {
    const { code, message, retry, stack } = error as Error & { code: string; retry: boolean };
    assert.doesNotMatch(`${stack}${JSON.stringify(error)}`, /not-the-password/);
    assert.doesNotMatch(message, /\n/);
    return { code, message, retry };
  }
  throw new Error(`${url} was opened`);
}

test('a wrong password is denied at once, in the server’s own words', { timeout: 20_000 }, async (t) => {
  const port = await signInRefuser(t);
  const from = performance.now();
  assert.deepEqual(await refusal(`mongodb://millrace:not-the-password@127.0.0.1:${port}/`), {
    code: 'StoreDenied',
    message: `mongodb://127.0.0.1:${port} refused the sign-in: Authentication failed`,
    retry: true,
  });
  assert.ok(performance.now() - from < 3_000);
});

test('an unknown host and a closed port are named within seconds', { timeout: 20_000 }, async () => {
  const from = performance.now();
  const [host, port, srv] = await Promise.all([
    refusal('mongodb://millrace:not-the-password@nowhere.invalid:27017/'),
    refusal('mongodb://127.0.0.1:1,127.0.0.1:2/?replicaSet=rs'),
    refusal('mongodb+srv://nowhere.invalid/'),
  ]);
  assert.deepEqual([host.code, port.code, srv.code], Array(3).fill('StoreUnreachable'));
  assert.match(
    host.message,
    /^cannot reach mongodb:\/\/nowhere\.invalid:27017: .*getaddrinfo \w+ nowhere\.invalid$/,
  );
  assert.match(port.message, /127\.0\.0\.1:1: connect ECONNREFUSED.*; 127\.0\.0\.1:2: connect ECONNREFUSED/);
  assert.match(
    srv.message,
    /^cannot reach mongodb\+srv:\/\/nowhere\.invalid: .*_mongodb\._tcp\.nowhere\.invalid$/,
  );
  assert.equal(host.retry, true);
  assert.ok(performance.now() - from < 8_000, `${performance.now() - from} ms`);
});

test('an address that is none says what is wrong with it', async () => {
  const problems = {
    'mysql://h/': /begin with mongodb:/,
    'mongodb://u:not-the-password@@h/': /uri|connection string/i,
    'mongodb://u%zz:not-the-password@h/': /%25/,
    'mongodb://h:99999/': /host or port/,
    'mongodb://h/?bogus=1': /bogus/,
    'mongodb://u:not-the-password@h/?authMechanism=NONE': /authMechanism/i,
    'mongodb://h/?tls=true&tlsInsecure=true&tlsAllowInvalidCertificates=true': /tls/i,
  };
  for (const [url, problem] of Object.entries(problems)) {
    const { code, message } = await refusal(url);
    assert.equal(code, 'StoreUrlInvalid', url);
    assert.match(message, /^spec\.web\.metadata\.mongodb is no address of a store: /);
    assert.match(message, problem);
  }
});
