// For tests: what a MongoDB that has users says on the wire to a client with a wrong password. The server of the tests
// knows no users, so this much is spoken here.

import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { BSON } from 'mongodb';

const opMessage = 2013;
const opQuery = 2004;
const opReply = 1;
const headerBytes = 16;

/** Greets, and refuses every sign-in with AuthenticationFailed. Returns its port on 127.0.0.1. */
export async function signInRefuser(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let bytes = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= bytes.readInt32LE(0)) {
        const length = bytes.readInt32LE(0);
        socket.write(replyTo(bytes.subarray(0, length)));
        bytes = bytes.subarray(length);
      }
    });
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

function replyTo(message: Buffer): Buffer {
  const [id, code] = [message.readInt32LE(4), message.readInt32LE(12)];
  if (code === opQuery) {
    const empty = Buffer.alloc(20);
    empty.writeInt32LE(1, 16);
    return framed(id, opReply, Buffer.concat([empty, BSON.serialize(answerTo({ hello: 1 }))]));
  }
  // Flags, then one section of kind 0: the command itself.
  const command = BSON.deserialize(message.subarray(headerBytes + 5));
  return framed(id, opMessage, Buffer.concat([Buffer.alloc(5), BSON.serialize(answerTo(command))]));
}

function answerTo(command: BSON.Document): BSON.Document {
  if ('hello' in command || 'ismaster' in command || 'isMaster' in command) {
    const limits = {
      maxBsonObjectSize: 16_777_216,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
    };
    return {
      isWritablePrimary: true,
      helloOk: true,
      minWireVersion: 0,
      maxWireVersion: 21,
      ...limits,
      ok: 1,
    };
  }
  if ('saslStart' in command) {
    return { ok: 0, errmsg: 'Authentication failed.', code: 18, codeName: 'AuthenticationFailed' };
  }
  return { ok: 0, errmsg: 'command requires authentication', code: 13, codeName: 'Unauthorized' };
}

function framed(to: number, code: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeInt32LE(headerBytes + body.length, 0);
  header.writeInt32LE(to, 8);
  header.writeInt32LE(code, 12);
  return Buffer.concat([header, body]);
}
