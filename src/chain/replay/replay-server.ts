// An HTTP and WebSocket JSON-RPC server over a view of a chain, both on one port. It answers from text that the
// view already has, so that a reader under test is the slow side. Loopback unless told otherwise.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { MillraceError } from '../../errors.ts';
import { answer } from './answer.ts';
import { BlockPieces } from './block-pieces.ts';
import { writeHttpAnswer } from './http-answer.ts';
import type { Intercept } from './intercept.ts';
import { createRpcMethods } from './rpc-methods.ts';
import type { ReplayView } from './served-block.ts';
import { SocketConnection } from './socket-connection.ts';

export interface ReplayServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly intercept?: Intercept;
  /** Answer to one batch, in bytes, from where on its calls are refused, as geth does. Default 256 MiB. */
  readonly maxAnswerBytes?: number;
}

export interface ReplayServer {
  /** `http://host:port` */
  readonly url: string;
  /** `ws://host:port` */
  readonly wsUrl: string;
  readonly port: number;
  /** Calls answered so far, by method. */
  requests(): Readonly<Record<string, number>>;
  /** Bytes of answers and notifications sent so far. */
  bytesServed(): number;
  /** Ends every connection, also those in the middle of an answer. */
  close(): Promise<void>;
}

const maxRequestBytes = 16 * 1024 * 1024;

/** @throws PortInUse */
export async function createReplayServer(
  view: ReplayView,
  options: ReplayServerOptions = {},
): Promise<ReplayServer> {
  const host = options.host ?? '127.0.0.1';
  const methods = createRpcMethods(view);
  const pieces = new BlockPieces();
  const counts = new Map<string, number>();
  let bytesServed = 0;
  const onBytes = (bytes: number) => {
    bytesServed += bytes;
  };
  const answering = {
    methods,
    intercept: options.intercept,
    maxAnswerBytes: options.maxAnswerBytes ?? 256 * 1024 * 1024,
    onCall: (method: string) => counts.set(method, (counts.get(method) ?? 0) + 1),
  };

  const connections = new Set<SocketConnection>();
  const tcpSockets = new Set<Socket>();
  const http = createServer((request, response) => {
    readBody(request).then(
      async (body) => writeHttpAnswer(request, response, body && (await answer(body, answering)), onBytes),
      // The client is gone, or a method threw: either way this answer cannot be finished.
      () => response.destroy(),
    );
  });
  http.on('connection', (socket) => {
    tcpSockets.add(socket);
    socket.on('close', () => tcpSockets.delete(socket));
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxRequestBytes,
    perMessageDeflate: false,
  });
  http.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new SocketConnection({ webSocket, answering, onBytes });
      connections.add(connection);
      webSocket.on('close', () => connections.delete(connection));
    });
  });
  const stopHeads = view.onHead?.((block) => {
    const subscribed = [...connections].filter((connection) => connection.subscribed);
    if (subscribed.length === 0) return;
    const { header } = pieces.of(block);
    for (const connection of subscribed) connection.notifyHead(header);
  });

  const port = await listen(http, host, options.port ?? 0);
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    url: `http://${authority}`,
    wsUrl: `ws://${authority}`,
    port,
    requests: () => Object.fromEntries(counts),
    bytesServed: () => bytesServed,
    close: async () => {
      stopHeads?.();
      for (const connection of connections) connection.terminate();
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      for (const socket of tcpSockets) socket.destroy();
      await closed;
    },
  };
}

function listen(http: ReturnType<typeof createServer>, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const address = `${host}:${port}`;
      if (error.code === 'EADDRINUSE') reject(new MillraceError('PortInUse', { address }, { cause: error }));
      else
        reject(
          new MillraceError(
            'UsageInvalid',
            { problem: `cannot listen on ${address}: ${error.message}` },
            { cause: error },
          ),
        );
    });
    http.listen(port, host, () => resolve((http.address() as AddressInfo).port));
  });
}

/** The request's text; undefined when it is larger than any sensible batch. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxRequestBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
