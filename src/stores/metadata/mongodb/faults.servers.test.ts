// A server of the test's own that goes away, comes back, and falls silent.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startMongo } from '../../../../test/servers/mongo.ts';
import { isMillraceError } from '../../../errors.ts';
import { aUser } from '../contract.fixture.ts';
import { aDatabase } from './mongodb.fixture.ts';

test('a server that goes away is said so within seconds, and work goes on when it is back', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mongo-'));
  const cluster = await startMongo({ folder, nodes: 1, say: () => undefined, detached: false });
  const [server] = cluster.servers;
  assert.ok(server);
  const { open } = await aDatabase(t, cluster.addresses.MONGODB);
  t.after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });
  const store = await open();
  const [kept, late] = [aUser(), aUser()];
  await store.createUser(kept);

  await server.stop();
  await unreachable(() => store.createUser(late), /ECONNREFUSED|closed|reset/);
  await assert.rejects(open(), { code: 'StoreUnreachable' });
  await server.start();
  await store.createUser(late);
  assert.deepEqual(await store.user(kept.id), kept);
  assert.deepEqual(await store.user(late.id), late);

  server.pause();
  await unreachable(() => store.user(kept.id), /timed out|timeout/);
  server.resume();
  assert.deepEqual(await eventually(() => store.user(kept.id)), kept);
});

async function unreachable(call: () => Promise<unknown>, says: RegExp): Promise<void> {
  const from = performance.now();
  await assert.rejects(call, (error: Error) => {
    assert.ok(isMillraceError(error, 'StoreUnreachable'), String(error));
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
  assert.ok(performance.now() - from < 15_000, `${Math.round(performance.now() - from)} ms`);
}

/** What the caller does with an error that may pass: it asks again. */
async function eventually<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!isMillraceError(error) || !error.retry || tries > 5) throw error;
    }
  }
}
