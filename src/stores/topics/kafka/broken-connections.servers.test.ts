// Connections that break at any moment: between a request and its answer the publisher cannot know what happened, and
// must find out. What it acknowledged is there once, in order and whole; what it refused is nowhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, connectionsConnectsChannel } from '@platformatic/kafka';
import { isMillraceError } from '../../../errors.ts';
import { aName, readAll, valuesOf } from '../contract.fixture.ts';
import { deleteTopics, openTestTopics } from './servers.fixture.ts';

const PUBLISHES = 120;
const ROWS = 40;

test('publishes survive connections that break at random', { timeout: 120_000 }, async (t) => {
  const open = new Set<Connection>();
  const onConnect = (message: unknown) => {
    open.add((message as { connection: Connection }).connection);
  };
  connectionsConnectsChannel.start.subscribe(onConnect);
  t.after(() => connectionsConnectsChannel.start.unsubscribe(onConnect));

  const topics = await openTestTopics(t);
  const [blocks, rows, group] = [aName(), aName(), aName()];
  t.after(() => deleteTopics([blocks, rows]));
  const retention = 'forever' as const;
  await topics.create([
    { name: blocks, partitions: 1, retention },
    { name: rows, partitions: 3, retention },
  ]);
  const consumer = await topics.consumer({ group, topics: [blocks] });
  const id = aName();
  const accepted: string[] = [];
  const refused: string[] = [];
  const uncertain: string[] = [];
  let publisher = await topics.publisher(id);
  let publishing = true;
  let broken = 0;
  const breaking = (async () => {
    while (publishing) {
      await delay(Math.random() * 60);
      for (const { socket } of open) if (socket && !socket.destroyed && Math.random() < 0.5) socket.destroy();
      broken++;
    }
  })();
  for (let at = 0; at < PUBLISHES; at++) {
    const key = `${at}`;
    const values = Array.from({ length: ROWS }, (_, row) => `${key}:${row}`);
    try {
      await publisher.publish([
        { topic: rows, key, headers: {}, values },
        { topic: blocks, key, headers: {}, values: [key] },
      ]);
      accepted.push(key);
    } catch (error) {
      assert.ok(isMillraceError(error) && error.retry, `${error}`);
      (error.code === 'PublishUncertain' ? uncertain : refused).push(key);
      if (error.code === 'PublishUncertain') publisher = await topics.publisher(id);
    }
  }
  publishing = false;
  await breaking;
  t.diagnostic(
    `${broken} breaks: ${accepted.length} accepted, ${refused.length} refused, ${uncertain.length} uncertain`,
  );

  const there = valuesOf(await readAll(topics, blocks));
  assert.deepEqual(
    there,
    there.toSorted((a, b) => Number(a) - Number(b)),
    'in order',
  );
  assert.equal(new Set(there).size, there.length, 'once');
  assert.deepEqual(
    there.filter((key) => !uncertain.includes(key)),
    accepted,
    'all that was accepted, nothing that was refused',
  );
  const whole = (await readAll(topics, rows)).map(({ key, values }) => [key, values.length] as const);
  assert.deepEqual(
    whole.toSorted(([a], [b]) => Number(a) - Number(b)),
    there.map((key) => [key, ROWS]),
    'with all of their rows',
  );

  const seen: string[] = [];
  const signal = AbortSignal.timeout(30_000);
  while (seen.length < there.length) {
    const batches = await consumer.poll({ maxBytes: 1000, waitMs: 1_000, signal });
    seen.push(...valuesOf(batches));
  }
  assert.deepEqual(seen, there, 'a consumer that was cut off goes on where it was');
});
