import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../errors.ts';
import { parseStoreUrl } from './store-url.ts';

const rules = { where: 'spec.topics.kafka', scheme: 'kafka', defaultPort: 9092, options: ['sasl'] };

test('hosts, login, path and options', () => {
  const address = parseStoreUrl('kafka://ann:p%40ss:w@a:1,b,[::1]:3/space?sasl=scram-sha-512', rules);
  assert.deepEqual(address.hosts, [
    { host: 'a', port: 1 },
    { host: 'b', port: 9092 },
    { host: '::1', port: 3 },
  ]);
  assert.equal(address.user, 'ann');
  assert.equal(address.password, 'p@ss:w');
  assert.equal(address.path, 'space');
  assert.deepEqual([...address.options], [['sasl', 'scram-sha-512']]);
  assert.equal(address.name, 'kafka://a:1,b:9092,[::1]:3');
  assert.equal(address.tls, undefined);
});

test('an authority is read from its file', (t) => {
  const file = join(tmpdir(), `ca-${process.pid}.pem`);
  writeFileSync(file, 'PEM');
  t.after(() => rmSync(file));
  assert.deepEqual(parseStoreUrl(`kafka://a?tls=true&ca=${file}`, rules).tls, { ca: 'PEM' });
  assert.deepEqual(parseStoreUrl('kafka://a?tls=true', rules).tls, { ca: undefined });
});

test('what is wrong is said, and no password with it', () => {
  const wrong = {
    'nothing at all': /no URL/,
    'http://a:1': /begins with http/,
    'kafka://u:secret@': /no host:port/,
    'kafka://a:0': /no host:port/,
    'kafka://a:99999': /no host:port/,
    'kafka://u:%zz@a': /password has a %/,
    'kafka://a?sassl=x': /unknown option sassl/,
    'kafka://a?tls=yes': /tls=yes/,
    'kafka://a?ca=/x': /without tls/,
    'kafka://a?tls=true&ca=/nowhere/x': /cannot be read/,
  };
  for (const [url, problem] of Object.entries(wrong)) {
    assert.throws(
      () => parseStoreUrl(url, rules),
      (error) => {
        assert.ok(isMillraceError(error, 'StoreUrlInvalid'), url);
        assert.match(error.message, problem);
        assert.match(error.message, /^spec\.topics\.kafka/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  }
});
