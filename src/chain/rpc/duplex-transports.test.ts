// WebSocket and IPC against real sockets: calls, announced heads, lost and half-open connections.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { rawBlock } from '../block-tree.fixture.ts';
import { connectTo, never } from './connect.fixture.ts';
import { type Answering, answerText, ipcNode, ok, type Request, refused } from './scripted-node.fixture.ts';

const good = rawBlock({ number: 7, transactions: ['a'] });
const answerGood: Answering = ({ method }) => {
  if (method === 'eth_chainId') return ok('0x1');
  if (method === 'eth_subscribe') return ok('0xabc');
  return ok(method === 'eth_getBlockReceipts' ? good.receipts : good.block);
};
const newHead = JSON.stringify({
  jsonrpc: '2.0',
  method: 'eth_subscription',
  params: { subscription: '0xabc', result: { number: '0x8' } },
});

interface WebsocketNode extends AsyncDisposable {
  readonly url: string;
  readonly sockets: ReadonlySet<WebSocket>;
  readonly methods: string[];
}

/** `respond` may do anything with a message; without it the node answers well. */
async function websocketNode(
  respond?: (text: string, socket: WebSocket) => void,
  options: { autoPong?: boolean; port?: number } = {},
): Promise<WebsocketNode> {
  const { port = 0, ...rest } = options;
  const server = new WebSocketServer({ port, host: '127.0.0.1', ...rest });
  await new Promise((resolve) => server.once('listening', resolve));
  const methods: string[] = [];
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const text = data.toString();
      const body = JSON.parse(text) as Request | Request[];
      methods.push(...[body].flat().map(({ method }) => method));
      const isChainId = !Array.isArray(body) && body.method === 'eth_chainId';
      if (respond && !isChainId) respond(text, socket);
      else socket.send(answerText(body, answerGood));
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sockets: server.clients,
    methods,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Resolves when `condition` holds; a test's own end when it never does. */
async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 400, 'waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('WebSocket: single calls, batches and whole blocks', async () => {
  await using node = await websocketNode();
  const reader = await connectTo([node.url]);
  assert.equal(await reader.chainId(never), 1);
  const [header, block] = await Promise.all([reader.header(7, never), reader.block(7, never)]);
  assert.equal(header?.hash, good.block.hash);
  assert.deepEqual(block?.receipts, good.receipts);
  assert.equal(node.sockets.size, 1, 'one connection for everything');
  await reader.close();
  await until(() => node.sockets.size === 0);
});

test('WebSocket: an announced head wakes up, also after the connection was lost', async () => {
  await using node = await websocketNode();
  const reader = await connectTo([node.url]);
  let woken = 0;
  const end = reader.onHead(() => {
    woken += 1;
  });
  await until(() => node.methods.includes('eth_subscribe'));
  const before = woken;
  for (const socket of node.sockets) socket.send(newHead);
  await until(() => woken > before);

  for (const socket of node.sockets) socket.terminate();
  await until(() => node.methods.filter((method) => method === 'eth_subscribe').length === 2);
  const again = woken;
  for (const socket of node.sockets) socket.send(newHead);
  await until(() => woken > again);

  end();
  for (const socket of node.sockets) socket.send(newHead);
  const last = woken;
  assert.equal((await reader.header(7, never))?.number, 7);
  assert.equal(woken, last, 'nobody listens any more');
  await reader.close();
});

test('WebSocket: a drop in the middle of a call fails the call, and the next attempt connects again', async () => {
  let drops = 1;
  await using node = await websocketNode((text, socket) => {
    drops -= 1;
    if (drops >= 0) socket.terminate();
    else socket.send(answerText(JSON.parse(text), answerGood));
  });
  const reader = await connectTo([node.url]);
  assert.equal((await reader.block(7, never))?.number, 7);
  assert.equal(drops, -1);
  drops = 10;
  await assert.rejects(reader.block(7, never), {
    code: 'EndpointUnreachable',
    message: /the connection was closed/,
  });
  await reader.close();
});

test('WebSocket: a peer that is gone without a word is noticed', async () => {
  await using node = await websocketNode(() => {}, { autoPong: false });
  const reader = await connectTo([node.url], {
    limits: { pingIntervalMs: 30, answerTimeoutMs: 60_000 },
    retry: { maxAttempts: 1 },
  });
  await assert.rejects(reader.header(7, never), {
    code: 'EndpointUnreachable',
    message: /no sign of life for 30 ms/,
  });
  await reader.close();
});

test('WebSocket: what is no JSON, too large, silent or refused has its code', async () => {
  const cases = [
    {
      respond: (_: string, socket: WebSocket) => socket.send('<html>'),
      code: 'RpcMalformed',
      says: /not JSON/,
    },
    {
      respond: (_: string, socket: WebSocket) => socket.send(' '.repeat(2_000)),
      code: 'RpcMalformed',
      says: /more than 1000 bytes/,
    },
    { respond: () => {}, code: 'EndpointUnreachable', says: /no answer within 100 ms/ },
    {
      respond: (text: string, socket: WebSocket) =>
        socket.send(answerText(JSON.parse(text), () => refused(-32000, 'no'))),
      code: 'RpcRefused',
      says: /refused eth_getBlockByNumber: no/,
    },
  ];
  for (const { respond, code, says } of cases) {
    await using node = await websocketNode(respond);
    const reader = await connectTo([node.url], { limits: { maxAnswerBytes: 1000, answerTimeoutMs: 100 } });
    await assert.rejects(reader.header(7, never), { code, message: says });
    await reader.close();
  }
});

test('WebSocket: no server', async () => {
  await assert.rejects(connectTo(['ws://127.0.0.1:1/key']), {
    code: 'EndpointUnreachable',
    message: /^cannot reach ws:\/\/127\.0\.0\.1:1\/…: connect ECONNREFUSED/,
  });
});

async function withSocketPath(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ipc-'));
  try {
    await run(join(folder, 'geth.ipc'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Splits what it receives by lines, which is how the transport writes. */
const answerLines = (text: string, send: (answer: string) => void) => {
  for (const line of text.trim().split('\n')) send(answerText(JSON.parse(line), answerGood));
};

test('IPC: answers in any cut, one after another without a line feed, and announced heads', async () => {
  await withSocketPath(async (path) => {
    const inPieces = async (socket: Socket, text: string) => {
      for (let at = 0; at < text.length; at += 97) {
        socket.write(text.slice(at, at + 97));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await using _node = await ipcNode(path, (text, socket) => {
      let answers = '';
      answerLines(text, (answer) => {
        answers += answer;
      });
      void inPieces(socket, answers + newHead);
    });
    for (const url of [path, `ipc://${path}`]) {
      const reader = await connectTo([url]);
      let woken = 0;
      reader.onHead(() => {
        woken += 1;
      });
      const blocks = await Promise.all([reader.block(7, never), reader.block(7, never)]);
      assert.deepEqual(blocks[1]?.receipts, good.receipts);
      await until(() => woken > 0);
      await reader.close();
    }
  });
});

test('IPC: no socket, a drop, too large', async () => {
  await withSocketPath(async (path) => {
    await assert.rejects(connectTo([path]), {
      code: 'EndpointUnreachable',
      message: 'cannot reach ipc:…/geth.ipc: connect ENOENT',
    });
    let mode: 'well' | 'drop' | 'large' = 'well';
    await using _node = await ipcNode(path, (text, socket) => {
      if (mode === 'drop') socket.destroy();
      else if (mode === 'large') socket.write(`{"x":"${'0'.repeat(200_000)}`);
      else answerLines(text, (answer) => socket.write(`${answer}\n`));
    });
    const reader = await connectTo([path], { limits: { maxAnswerBytes: 100_000 } });
    mode = 'drop';
    await assert.rejects(reader.header(7, never), { code: 'EndpointUnreachable' });
    mode = 'large';
    await assert.rejects(reader.header(7, never), {
      code: 'RpcMalformed',
      message: /more than 100000 bytes/,
    });
    mode = 'well';
    assert.equal((await reader.header(7, never))?.number, 7);
    await reader.close();
  });
});
