// TLS, SASL and permissions: what works with them, and the one clear line when they are wrong.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AclOperations,
  AclPermissionTypes,
  createAclsV3,
  deleteAclsV3,
  ResourcePatternTypes,
  ResourceTypes,
} from '@platformatic/kafka';
import { testServer } from '../../../../test/servers/address.ts';
import { describeError, type ErrorCode, isMillraceError } from '../../../errors.ts';
import { aName, take, valuesOf } from '../contract.fixture.ts';
import { administrator, deleteTopics, kafkaAddress, openTestTopics, openTopics } from './servers.fixture.ts';

const secure = () => new URL(testServer('KAFKA_SECURE').replace('kafka:', 'http:'));
/** The address of the secure listener with something about it changed. */
function changed(change: (url: URL) => void): string {
  const url = secure();
  change(url);
  return url.href.replace('http:', 'kafka:');
}

async function failure(work: Promise<unknown>, code: ErrorCode, problem: RegExp): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(isMillraceError(error, code), `${code} expected, got ${error}`);
  const line = describeError(error);
  assert.match(line, problem);
  assert.doesNotMatch(line, /\n|secret-|wrong-/);
  assert.equal(error.retry, true);
}

/** Everything of the tests that are allowed is named so; everything else is denied. */
const prefix = `${aName()}.`;
const resources = [ResourceTypes.TOPIC, ResourceTypes.GROUP, ResourceTypes.TRANSACTIONAL_ID];
const acl = (resourceType: (typeof resources)[number]) => ({
  resourceType,
  resourcePatternType: ResourcePatternTypes.PREFIXED,
  principal: `User:${secure().username}`,
  host: '*',
  operation: AclOperations.ALL,
  permissionType: AclPermissionTypes.ALLOW,
});

before(() =>
  administrator((connection) =>
    createAclsV3.api.async(
      connection,
      resources.map((type) => ({ ...acl(type), resourceName: prefix })),
    ),
  ),
);

after(() =>
  administrator((connection) =>
    deleteAclsV3.api.async(
      connection,
      resources.map((type) => {
        const { principal, host, ...rest } = acl(type);
        return { ...rest, resourceName: prefix, principal, host };
      }),
    ),
  ),
);

for (const mechanism of ['scram-sha-512', 'scram-sha-256']) {
  test(`over TLS with ${mechanism} records are published and read`, { timeout: 60_000 }, async (t) => {
    const topics = await openTopics(changed((url) => url.searchParams.set('sasl', mechanism)));
    t.after(() => topics.close());
    const topic = prefix + aName();
    await topics.create([{ name: topic, partitions: 2, retention: 60_000 }]);
    t.after(() => deleteTopics([topic]));
    const publisher = await topics.publisher(prefix + aName());
    await publisher.publish([{ topic, key: '1', headers: {}, values: ['over', 'TLS'] }]);
    const group = prefix + aName();
    const consumer = await topics.consumer({ group, topics: [topic] });
    const batches = await take(consumer, 2);
    assert.deepEqual(valuesOf(batches), ['over', 'TLS']);
    const [batch] = batches;
    assert.ok(batch);
    await consumer.commit([{ topic, partition: batch.partition, offset: batch.next }]);
    assert.equal((await topics.lag(group, topic)).records, 0);
  });
}

test('a wrong password or user is a denied login', { timeout: 60_000 }, async () => {
  const wrong = changed((url) => {
    url.password = 'wrong-2';
  });
  await failure(openTopics(wrong), 'StoreDenied', /refused the login: the user or the password is wrong/);
  const nobody = changed((url) => {
    url.username = 'nobody';
  });
  await failure(openTopics(nobody), 'StoreDenied', /the user or the password is wrong/);
  const other = changed((url) => url.searchParams.set('sasl', 'plain'));
  await failure(openTopics(other), 'StoreDenied', /does not offer this SASL mechanism/);
});

test('a certificate of an unknown authority is not accepted', { timeout: 60_000 }, async () => {
  const system = changed((url) => url.searchParams.delete('ca'));
  await failure(openTopics(system), 'StoreUnreachable', /its certificate is not accepted/);
});

test('a host that is unknown and a port that is closed are named', { timeout: 60_000 }, async () => {
  await failure(openTopics('kafka://no-such-host.invalid:9092'), 'StoreUnreachable', /no-such-host\.invalid/);
  await failure(openTopics('kafka://127.0.0.1:1'), 'StoreUnreachable', /ECONNREFUSED/);
});

test('TLS where there is none, and none where there is', { timeout: 60_000 }, async () => {
  const plain = testServer('KAFKA');
  await failure(openTopics(`${plain}?tls=true`), 'StoreUnreachable', /TLS/);
  const unencrypted = changed((url) => {
    url.searchParams.delete('tls');
    url.searchParams.delete('ca');
  });
  await failure(openTopics(unencrypted), 'StoreUnreachable', /tls=true may be missing/);
});

test('what the user may not do is named', { timeout: 60_000 }, async (t) => {
  const topics = await openTestTopics(t, 'KAFKA_SECURE');
  const own = await openTestTopics(t);
  const [topic, denied] = [prefix + aName(), aName()];
  const spec = { partitions: 1, retention: 60_000 } as const;
  await own.create([topic, denied].map((name) => ({ ...spec, name })));
  t.after(() => deleteTopics([topic, denied]));
  await failure(topics.create([{ ...spec, name: aName() }]), 'StoreDenied', /topic/);
  await failure(topics.create([{ ...spec, name: denied }]), 'StoreDenied', /topic/);
  await failure(
    topics.read({ topic: denied, partition: 0, offset: 0 }, { maxBytes: 1 }),
    'StoreDenied',
    /topic/,
  );
  await failure(topics.publisher(aName()), 'StoreDenied', /no permission for this transactional id/);
  await failure(
    topics.consumer({ group: aName(), topics: [topic] }),
    'StoreDenied',
    /no permission for this group/,
  );
  await failure(topics.lag(aName(), topic), 'StoreDenied', /no permission for this group/);
});

test('an address that says nonsense is refused with its reason', async () => {
  const bad = async (url: string, problem: RegExp) => {
    await assert.rejects(
      () => openTopics(url),
      (error) => {
        assert.ok(isMillraceError(error, 'StoreUrlInvalid'));
        assert.match(error.message, problem);
        return true;
      },
    );
  };
  await bad('kafka://localhost:9092?sasl=md5', /sasl=md5 is none of/);
  await bad('kafka://localhost:9092?sasl=plain', /user:password/);
  assert.equal(kafkaAddress('kafka://u:p@h').name, 'kafka://h:9092');
});
