import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionsConnectsChannel } from '@platformatic/kafka';
import { testServer } from '../../../../test/servers/address.ts';
import { systemClock as clock } from '../../../clock.ts';
import { silentLogger as logger } from '../../../logger.ts';
import { aName, code } from '../contract.fixture.ts';
import { Cluster } from './cluster.ts';
import { Fetchers } from './fetchers.ts';
import { GroupMember } from './group-member.ts';
import { PartitionReader } from './partition-reader.ts';
import { deleteTopics, kafkaAddress, openTestTopics } from './servers.fixture.ts';

test('a member that never hears of its new epoch is fenced, instead of committing for ever', {
  timeout: 60_000,
}, async (t) => {
  const topics = await openTestTopics(t);
  const [topic, group] = [aName(), aName()];
  await topics.create([{ name: topic, partitions: 1, retention: 'forever' }]);
  t.after(() => deleteTopics([topic]));
  const publisher = await topics.publisher(aName());
  await publisher.publish([{ topic, key: '', headers: {}, values: ['1'] }]);
  const consumer = await topics.consumer({ group, topics: [topic] });
  const { signal } = new AbortController();
  const [batch] = await consumer.poll({ maxBytes: 1, waitMs: 5_000, signal });
  // The broker's answers are real: it refuses an epoch from before the partition was this member's.
  t.mock.getter(GroupMember.prototype, 'epoch', () => 0);
  await assert.rejects(
    consumer.commit([{ topic, partition: 0, offset: batch?.next ?? 0 }]),
    code('ConsumerFenced'),
  );
});

test('a fetch that finds its leader only after the close opens no connection', async (t) => {
  const topics = await openTestTopics(t);
  const topic = aName();
  await topics.create([{ name: topic, partitions: 1, retention: 'forever' }]);
  t.after(() => deleteTopics([topic]));
  const cluster = new Cluster({ address: kafkaAddress(testServer('KAFKA')), clock, logger });
  await cluster.open();
  t.after(() => cluster.close());
  await cluster.topic(topic);
  let opened = 0;
  const onConnect = () => {
    opened += 1;
  };
  connectionsConnectsChannel.start.subscribe(onConnect);
  t.after(() => connectionsConnectsChannel.start.unsubscribe(onConnect));
  const fetchers = new Fetchers(cluster, 'the lane');
  fetchers.fill([new PartitionReader({ topic, partition: 0, offset: 0 })], 0);
  fetchers.close();
  await cluster.endLane('the lane');
  await clock.sleep(100);
  assert.equal(opened, 0);
});
