// Cassandra goes away and comes back: behind a proxy that this test opens and shuts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../../clock.ts';
import { isMillraceError } from '../../../errors.ts';
import { covered, expectSeen } from '../contract-place.ts';
import { aChain, writeBlock } from '../made-blocks.ts';
import type { TransactionLog } from '../port.ts';
import { openCassandraLog } from './open.ts';
import { dropKeyspaces, logOptions, newKeyspace } from './servers.fixture.ts';

after(dropKeyspaces);

describe('Cassandra: an outage', () => {
  const [real] = logOptions.address.hosts;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  let server: Server;
  let port = 0;
  let log: TransactionLog;

  const goOn = async (): Promise<void> => {
    server = createServer((near) => {
      assert.ok(real);
      const far = connect(real.port, real.host);
      keep(near);
      keep(far);
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const goAway = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };

  before(async () => {
    await goOn();
    const address = {
      ...logOptions.address,
      hosts: [{ host: '127.0.0.1', port }],
      name: 'cassandra://proxy',
    };
    log = await openCassandraLog({ ...logOptions, address, keyspace: newKeyspace() });
  });
  after(async () => {
    await log.close();
    goAway();
  });

  test('what is being written and read meanwhile waits, and goes on by itself', async () => {
    const chain = aChain(1, 30);
    const written = log.appendFinal(chain.slice(0, 20)).then(() => log.flush());
    goAway();
    const read = log.coverage();
    const live = writeBlock(log, chain[20] as (typeof chain)[number], 'new', 1);
    await systemClock.sleep(1_500);
    await goOn();
    await Promise.all([written, read, live]);
    assert.deepEqual(await log.coverage(), [covered(1, 20)]);
    for (const made of chain.slice(0, 20)) await expectSeen(log, made, 'final');
  });

  test('one that lasts is told, and the log is as good as before afterwards', async (t) => {
    const chain = aChain(31, 34);
    goAway();
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const flushed = log.appendFinal(chain).then(() => log.flush());
    // The patience is counted by the clock, which now jumps over it.
    const jump = setTimeout(() => t.mock.timers.setTime(Date.now() + 60_000), 300);
    await assert.rejects(flushed, (error) => {
      assert.ok(isMillraceError(error, 'StoreUnreachable'), String(error));
      assert.ok(error.retry);
      assert.equal(error.fields.store, 'cassandra://proxy');
      return true;
    });
    clearTimeout(jump);
    t.mock.timers.reset();
    assert.equal(log.bufferedBytes(), 0);
    await goOn();
    await log.appendFinal(chain);
    await log.flush();
    assert.deepEqual((await log.coverage()).at(-1), covered(31, 34));
  });
});
