import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigResourceTypes, describeConfigsV4 } from '@platformatic/kafka';
import { testServer } from '../../../../test/servers/address.ts';
import { systemClock as clock } from '../../../clock.ts';
import { isMillraceError } from '../../../errors.ts';
import { silentLogger as logger } from '../../../logger.ts';
import { aName, code } from '../contract.fixture.ts';
import type { TopicSpec } from '../port.ts';
import { openKafkaTopics } from './open.ts';
import { administrator, deleteTopics, kafkaAddress, openTestTopics } from './servers.fixture.ts';

const settings = (topic: string) =>
  administrator(async (connection) => {
    const resource = {
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: topic,
      configurationKeys: null,
    };
    const { results } = await describeConfigsV4.api.async(connection, [resource], false, false);
    return new Map(results.flatMap(({ configs }) => configs.map(({ name, value }) => [name, value])));
  });

test('a topic is created with its settings, and each one that differs later is named', {
  timeout: 60_000,
}, async (t) => {
  const topics = await openTestTopics(t);
  const [name, forever, other] = [aName(), aName(), aName()];
  t.after(() => deleteTopics([name, forever, other]));
  const spec: TopicSpec = { name, partitions: 2, retention: 86_400_000 };
  await topics.create([spec, { ...spec, name: forever, retention: 'forever' }]);
  const made = await settings(name);
  const expected = {
    'retention.ms': '86400000',
    'min.insync.replicas': '1',
    'compression.type': 'producer',
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': `${16 * 1024 * 1024}`,
    'cleanup.policy': 'delete',
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(made.get(key), value, key);
  assert.equal((await settings(forever)).get('retention.ms'), '-1');

  const differing = async (asked: TopicSpec, actual: string, wanted: string) => {
    await assert.rejects(topics.create([{ ...spec, name: other }, asked]), (error) => {
      assert.ok(isMillraceError(error, 'TopicDiffers'));
      assert.deepEqual(error.fields, { topic: name, actual, expected: wanted });
      return true;
    });
    await assert.rejects(topics.ends(other), code('TopicUnknown'));
  };
  await differing({ ...spec, partitions: 3 }, 'partitions 2', 'partitions 3');
  await differing({ ...spec, retention: 60_000 }, 'retention.ms 86400000', 'retention.ms 60000');
  await differing(
    { ...spec, retention: 'forever', partitions: 1 },
    'partitions 2, retention.ms 86400000',
    'partitions 1, retention.ms -1',
  );
  await topics.create([spec]);

  const address = kafkaAddress(testServer('KAFKA'));
  const replicated = await openKafkaTopics({ address, replicationFactor: 3, clock, logger });
  t.after(() => replicated.close());
  await assert.rejects(replicated.create([spec]), (error) => {
    assert.ok(isMillraceError(error, 'TopicDiffers'));
    assert.equal(error.fields.actual, 'replication factor 1, min.insync.replicas 1');
    assert.equal(error.fields.expected, 'replication factor 3, min.insync.replicas 2');
    return true;
  });
  assert.equal((await topics.size()).records, 0);
});

test('fewer brokers than replicas are named', { timeout: 60_000 }, async (t) => {
  const address = kafkaAddress(testServer('KAFKA'));
  const topics = await openKafkaTopics({ address, replicationFactor: 100, clock, logger });
  t.after(() => topics.close());
  await assert.rejects(topics.create([{ name: aName(), partitions: 1, retention: 'forever' }]), (error) => {
    assert.ok(isMillraceError(error, 'StoreUnreachable'));
    assert.match(error.message, /replication factor/i);
    return true;
  });
});
