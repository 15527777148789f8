// One WebSocket client: calls and batches as over HTTP, and subscriptions to new heads. A client that does not
// read is cut off once too much waits for it.

import type { WebSocket } from 'ws';
import { type Answer, type AnswerOptions, answer } from './answer.ts';
import { joinText } from './http-answer.ts';
import { RpcFailure, type RpcMethod, rpcCode } from './rpc-methods.ts';

export interface SocketConnectionOptions {
  readonly webSocket: WebSocket;
  readonly answering: AnswerOptions;
  readonly onBytes: (bytes: number) => void;
}

/** Notifications that may wait for a slow client, in bytes. */
const maxBufferedBytes = 64 * 1024 * 1024;

export class SocketConnection {
  readonly #webSocket: WebSocket;
  readonly #onBytes: (bytes: number) => void;
  readonly #subscriptions = new Set<string>();
  #issued = 0;

  constructor({ webSocket, answering, onBytes }: SocketConnectionOptions) {
    this.#webSocket = webSocket;
    this.#onBytes = onBytes;
    const own: ReadonlyMap<string, RpcMethod> = new Map([
      ['eth_subscribe', ([kind]: readonly unknown[]) => this.#subscribe(kind)],
      ['eth_unsubscribe', ([id]: readonly unknown[]) => String(this.#subscriptions.delete(String(id)))],
    ]);
    webSocket.on('message', (data) => {
      answer(String(data), { ...answering, own }).then(
        (outcome) => this.#send(outcome),
        () => webSocket.terminate(),
      );
    });
    // A protocol error also closes the socket; there is nothing to do beyond that.
    webSocket.on('error', () => webSocket.terminate());
  }

  get subscribed(): boolean {
    return this.#subscriptions.size > 0;
  }

  notifyHead(header: string): void {
    for (const subscription of this.#subscriptions)
      this.#write(
        Buffer.from(
          `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"${subscription}","result":${header}}}`,
        ),
      );
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  #subscribe(kind: unknown): string {
    if (kind !== 'newHeads')
      throw new RpcFailure(rpcCode.invalidParams, `no "${String(kind)}" subscription in eth namespace`);
    this.#issued += 1;
    const id = `0x${this.#issued.toString(16).padStart(32, '0')}`;
    this.#subscriptions.add(id);
    return JSON.stringify(id);
  }

  #send({ parts, fault }: Answer): void {
    if (fault && 'hang' in fault) return;
    if (fault && 'raw' in fault) this.#write(Buffer.from(fault.raw));
    else if (fault) this.#webSocket.terminate();
    else if (parts.length > 0) this.#write(joinText(parts));
  }

  #write(text: Buffer): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#onBytes(text.length);
    this.#webSocket.send(text, { binary: false });
    if (this.#webSocket.bufferedAmount > maxBufferedBytes + text.length) this.#webSocket.terminate();
  }
}
