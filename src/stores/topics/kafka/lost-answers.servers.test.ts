// The answer to a commit is lost on its way: the one moment at which nobody here can know what happened.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Connection, connectionsApiChannel } from '@platformatic/kafka';
import { testServer } from '../../../../test/servers/address.ts';
import { systemClock as clock } from '../../../clock.ts';
import { silentLogger as logger } from '../../../logger.ts';
import { aName, code, readAll, valuesOf } from '../contract.fixture.ts';
import { Cluster } from './cluster.ts';
import { openPublisher } from './publisher.ts';
import { endTransaction } from './requests.ts';
import { deleteTopics, kafkaAddress, openTestTopics } from './servers.fixture.ts';

/** Breaks the connection right after each of the next `times` requests to end a transaction was written. */
function loseAnswers(t: TestContext, times: number) {
  let left = times;
  const onRequest = (message: unknown) => {
    const { connection, apiKey } = message as { connection: Connection; apiKey: number };
    if (apiKey !== endTransaction.key || left === 0) return;
    left -= 1;
    setImmediate(() => connection.socket.destroySoon());
  };
  connectionsApiChannel.start.subscribe(onRequest);
  const stop = () => connectionsApiChannel.start.unsubscribe(onRequest);
  t.after(stop);
  return { stop, lost: () => times - left };
}

async function setUp(t: TestContext) {
  const cluster = new Cluster({ address: kafkaAddress(testServer('KAFKA')), clock, logger });
  await cluster.open();
  t.after(() => cluster.close());
  const topics = await openTestTopics(t);
  const topic = aName();
  await topics.create([{ name: topic, partitions: 1, retention: 'forever' }]);
  t.after(() => deleteTopics([topic]));
  const one = (value: string) => [{ topic, key: '', headers: {}, values: [value] }];
  return { cluster, topics, topic, one };
}

test('a commit whose answer is lost is asked for again, and done once', { timeout: 60_000 }, async (t) => {
  const { cluster, topics, topic, one } = await setUp(t);
  const publisher = await openPublisher(cluster, aName());
  await publisher.publish(one('1'));
  const answers = loseAnswers(t, 3);
  await publisher.publish(one('2'));
  assert.equal(answers.lost(), 3);
  answers.stop();
  await publisher.publish(one('3'));
  assert.deepEqual(valuesOf(await readAll(topics, topic)), ['1', '2', '3']);
  await publisher.close();
});

test('without any answer the publish is uncertain, and its publisher publishes no more', {
  timeout: 60_000,
}, async (t) => {
  const { cluster, topics, topic, one } = await setUp(t);
  const id = aName();
  const publisher = await openPublisher(cluster, id, { endPatienceMs: 200 });
  await publisher.publish(one('1'));
  const answers = loseAnswers(t, Number.POSITIVE_INFINITY);
  const underWay = ['2', '3'].map((value) => publisher.publish(one(value)));
  for (const each of await Promise.allSettled(underWay)) {
    assert.ok(each.status === 'rejected' && code('PublishUncertain')(each.reason));
  }
  answers.stop();
  await assert.rejects(publisher.publish(one('4')), code('PublishUncertain'));

  const successor = await openPublisher(cluster, id);
  const there = valuesOf(await readAll(topics, topic));
  assert.ok(there.length >= 1);
  assert.deepEqual(there, ['1', '2', '3'].slice(0, there.length), 'none without the one before');
  await successor.publish(one('5'));
  assert.deepEqual(valuesOf(await readAll(topics, topic)), [...there, '5'], 'what was uncertain is settled');
  await publisher.close();
  await successor.close();
});
