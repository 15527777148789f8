// The smallest clients for tests of the replay server: one HTTP call, and a WebSocket that collects what it gets.

import WebSocket from 'ws';

export interface RpcAnswer {
  readonly id: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Posts a text as it is. */
export function post(url: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(10_000) });
}

export async function callRpc(
  url: string,
  method: string,
  ...params: readonly unknown[]
): Promise<RpcAnswer> {
  const response = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }));
  return (await response.json()) as RpcAnswer;
}

export interface SocketClient extends Disposable {
  send(message: unknown): void;
  /** The next message, in the order of arrival. */
  next(): Promise<Record<string, unknown>>;
  readonly closed: Promise<void>;
}

export async function openSocket(url: string): Promise<SocketClient> {
  const socket = new WebSocket(url);
  const messages: Record<string, unknown>[] = [];
  const waiting: ((message: Record<string, unknown>) => void)[] = [];
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Record<string, unknown>;
    const taker = waiting.shift();
    if (taker) taker(message);
    else messages.push(message);
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => socket.once('open', () => resolve()).once('error', reject));
  return {
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: () => {
      const message = messages.shift();
      return message ? Promise.resolve(message) : new Promise((resolve) => waiting.push(resolve));
    },
    closed,
    [Symbol.dispose]: () => socket.terminate(),
  };
}
