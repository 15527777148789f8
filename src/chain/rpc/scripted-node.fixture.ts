// For tests: real servers that answer JSON-RPC as a test scripts it, for everything that a well-behaved node (the
// replay node) never does: wrong envelopes, cut bodies, statuses, silence, dropped connections.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';

export interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A result for each call; throw nothing, return the raw member(s) of the answer. */
export type Answering = (request: Request) => object;

export interface ScriptedNode extends AsyncDisposable {
  readonly url: string;
  /** Bodies received so far, parsed. */
  readonly received: readonly unknown[];
}

export type Responder = (
  body: unknown,
  response: ServerResponse,
  request: IncomingMessage,
) => void | Promise<void>;

export const ok = (result: unknown): object => ({ result });
export const refused = (code: number, message: string): object => ({ error: { code, message } });

/** The text that a well-behaved node sends for a body. */
export function answerText(body: unknown, answering: Answering): string {
  const one = (request: Request) => ({ jsonrpc: '2.0', id: request.id, ...answering(request) });
  return JSON.stringify(Array.isArray(body) ? body.map(one) : one(body as Request));
}

/** An HTTP server; `respond` decides everything. */
export async function httpNode(respond: Responder): Promise<ScriptedNode> {
  const received: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    received.push(body);
    await respond(body, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A node on HTTP that answers each call by itself, and says 1 for the chain id. */
export function answeringNode(answering: Answering): Promise<ScriptedNode> {
  const withChainId: Answering = (request) =>
    request.method === 'eth_chainId' ? ok('0x1') : answering(request);
  return httpNode((body, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(answerText(body, withChainId));
  });
}

export interface SocketNode extends AsyncDisposable {
  readonly sockets: ReadonlySet<Socket>;
}

/** A server on a Unix socket; `onText` gets whatever arrives. */
export async function ipcNode(
  path: string,
  onText: (text: string, socket: Socket) => void,
): Promise<SocketNode> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('data', (data) => onText(data.toString('utf8'), socket));
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
