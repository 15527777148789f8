// A store that shall stop while its brokers are away: what is under way ends within seconds, not after its patience.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Connection, connectionsApiChannel, connectionsConnectsChannel } from '@platformatic/kafka';
import { testServer } from '../../../../test/servers/address.ts';
import { systemClock as clock } from '../../../clock.ts';
import { isMillraceError } from '../../../errors.ts';
import { silentLogger as logger } from '../../../logger.ts';
import { aName, code, readAll, valuesOf } from '../contract.fixture.ts';
import type { Topics } from '../port.ts';
import { openKafkaTopics } from './open.ts';
import { endTransaction } from './requests.ts';
import { deleteTopics, kafkaAddress, openTestTopics } from './servers.fixture.ts';

/** Well below the 25 s that a role has, and above what one operation may take. */
const SOON_MS = 9_000;

async function aStore(t: TestContext) {
  const stop = new AbortController();
  const address = kafkaAddress(testServer('KAFKA'));
  const options = { address, replicationFactor: 1, clock, logger, signal: stop.signal };
  const topics: Topics = await openKafkaTopics(options);
  t.after(() => topics.close());
  const topic = aName();
  await topics.create([{ name: topic, partitions: 1, retention: 'forever' }]);
  t.after(() => deleteTopics([topic]));
  const one = (value: string) => [{ topic, key: '', headers: {}, values: [value] }];
  return { topics, topic, one, stop };
}

/** From now on no connection comes about, and those that are there answer nothing more. */
function goAway(t: TestContext): { readonly back: () => void } {
  const onRequest = (message: unknown) => {
    const { connection } = message as { connection: Connection };
    connection.socket.pause();
  };
  const onConnect = (message: unknown) => {
    const { connection } = message as { connection: Connection };
    setImmediate(() => connection.socket?.destroy());
  };
  connectionsApiChannel.start.subscribe(onRequest);
  connectionsConnectsChannel.start.subscribe(onConnect);
  const back = () => {
    connectionsApiChannel.start.unsubscribe(onRequest);
    connectionsConnectsChannel.start.unsubscribe(onConnect);
  };
  t.after(back);
  return { back };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const begun = performance.now();
  try {
    return await work;
  } finally {
    const took = performance.now() - begun;
    assert.ok(took < ms, `it took ${Math.round(took)} ms`);
  }
}

test('what a stopping role has in hand ends soon, and so does closing', { timeout: 60_000 }, async (t) => {
  const { topics, topic, one, stop } = await aStore(t);
  const publisher = await topics.publisher(aName());
  await publisher.publish(one('1'));
  const consumer = await topics.consumer({ group: aName(), topics: [topic] });
  const { signal } = new AbortController();
  const [batch] = await consumer.poll({ maxBytes: 1, waitMs: 5_000, signal });
  const away = goAway(t);
  const inHand = [
    publisher.publish(one('2')),
    consumer.commit([{ topic, partition: 0, offset: batch?.next ?? 0 }]),
    topics.lag('nobody', topic),
  ];
  const settled = Promise.allSettled(inHand);
  await clock.sleep(300);
  stop.abort();
  for (const each of await within(SOON_MS, settled)) {
    assert.ok(each.status === 'rejected' && isMillraceError(each.reason) && each.reason.retry);
  }
  await within(SOON_MS, topics.close());
  away.back();
  const there = await openTestTopics(t);
  assert.deepEqual(valuesOf(await readAll(there, topic)), ['1']);
});

test('a commit without an answer is in doubt when the store stops', { timeout: 60_000 }, async (t) => {
  const { topics, topic, one, stop } = await aStore(t);
  const publisher = await topics.publisher(aName());
  await publisher.publish(one('1'));
  const onRequest = (message: unknown) => {
    const { connection, apiKey } = message as { connection: Connection; apiKey: number };
    if (apiKey === endTransaction.key) connection.socket.pause();
  };
  connectionsApiChannel.start.subscribe(onRequest);
  t.after(() => connectionsApiChannel.start.unsubscribe(onRequest));
  const publishing = publisher.publish(one('2'));
  setTimeout(() => stop.abort(), 300);
  await within(SOON_MS, assert.rejects(publishing, code('PublishUncertain')));
  await within(SOON_MS, topics.close());
  const there = await openTestTopics(t);
  assert.deepEqual(valuesOf(await readAll(there, topic)), ['1', '2'], 'only the answer was missing');
});

test('a store that shall stop still does its work where the brokers answer', async (t) => {
  const { topics, topic, one, stop } = await aStore(t);
  const publisher = await topics.publisher(aName());
  stop.abort();
  await publisher.publish(one('1'));
  assert.deepEqual(valuesOf(await readAll(topics, topic)), ['1']);
});
