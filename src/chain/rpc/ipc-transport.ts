// JSON-RPC over a node's Unix socket: one connection for everything, opened at first use and opened again when
// somebody asks after it broke. Heads are announced as over WebSocket.

import { connect, type Socket } from 'node:net';
import { MillraceError } from '../../errors.ts';
import { createDuplexTransport, type Duplex, type DuplexEvents } from './duplex-transport.ts';
import { createJsonSplitter } from './json-splitter.ts';
import type { RpcLimits, RpcTransport } from './transport.ts';

export interface IpcTransportOptions {
  /** Path of the socket. */
  readonly path: string;
  /** What the endpoint is called in errors. */
  readonly name: string;
  readonly limits: RpcLimits;
}

export function createIpcTransport({ path, name, limits }: IpcTransportOptions): RpcTransport {
  return createDuplexTransport({ name, limits, open: (events) => openSocket(path, name, limits, events) });
}

function openSocket(path: string, name: string, limits: RpcLimits, events: DuplexEvents): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(path);
    const splitter = createJsonSplitter();
    let opened = false;
    socket.on('connect', () => {
      opened = true;
      resolve({ write: (text) => socket.write(`${text}\n`), close: () => socket.destroy() });
    });
    socket.on('data', (chunk: Buffer) => {
      for (const text of splitter.push(chunk)) events.onMessage(text);
      if (splitter.buffered > limits.maxAnswerBytes) {
        events.onTooLarge();
        socket.destroy();
      }
    });
    socket.on('error', (cause) => {
      if (opened) return;
      reject(
        new MillraceError('EndpointUnreachable', { endpoint: name, problem: plainCause(cause) }, { cause }),
      );
    });
    socket.on('close', () => {
      if (opened) events.onClose('the connection was closed');
    });
  });
}

/** Node's message without the path of the socket, which the name leaves out as well. */
function plainCause(cause: Error): string {
  const code = (cause as NodeJS.ErrnoException).code;
  return code === undefined ? cause.message : `connect ${code}`;
}
