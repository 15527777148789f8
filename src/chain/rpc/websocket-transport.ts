// JSON-RPC over ws(s): one connection for everything, with pings that notice a peer that is gone without a word.

import { type RawData, WebSocket } from 'ws';
import { MillraceError } from '../../errors.ts';
import { createDuplexTransport, type Duplex, type DuplexEvents } from './duplex-transport.ts';
import type { RpcLimits, RpcTransport } from './transport.ts';

export interface WebsocketTransportOptions {
  readonly url: string;
  /** What the endpoint is called in errors. */
  readonly name: string;
  readonly limits: RpcLimits;
}

/** The close code that `ws` uses for a message above `maxPayload`. */
const MESSAGE_TOO_BIG = 1009;

export function createWebsocketTransport({ url, name, limits }: WebsocketTransportOptions): RpcTransport {
  return createDuplexTransport({ name, limits, open: (events) => openSocket(url, name, limits, events) });
}

function openSocket(url: string, name: string, limits: RpcLimits, events: DuplexEvents): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      handshakeTimeout: limits.connectTimeoutMs,
      maxPayload: limits.maxAnswerBytes,
      perMessageDeflate: false,
    });
    let heartbeat: NodeJS.Timeout | undefined;
    let alive = true;
    let opened = false;
    let problem = 'the connection was closed';
    socket.on('open', () => {
      opened = true;
      heartbeat = setInterval(() => {
        if (!alive) {
          problem = `no sign of life for ${limits.pingIntervalMs} ms`;
          socket.terminate();
          return;
        }
        alive = false;
        socket.ping();
      }, limits.pingIntervalMs);
      resolve({ write: (text) => socket.send(text), close: () => socket.terminate() });
    });
    socket.on('pong', () => {
      alive = true;
    });
    socket.on('message', (data: RawData) => {
      alive = true;
      events.onMessage(asBuffer(data));
    });
    socket.on('error', (cause) => {
      if ('code' in cause && cause.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') events.onTooLarge();
      problem = cause.message === '' ? cause.name : cause.message;
      if (!opened) {
        reject(new MillraceError('EndpointUnreachable', { endpoint: name, problem }, { cause }));
      }
    });
    socket.on('close', (code) => {
      clearInterval(heartbeat);
      if (code === MESSAGE_TOO_BIG) events.onTooLarge();
      if (opened) events.onClose(problem);
    });
  });
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
