// A watch on its way through the chaos proxy: as it comes, or until something happens to it.

import type { IncomingMessage, ServerResponse } from 'node:http';

export type StreamFault = 'cut' | 'silentWatch' | 'goneInStream';

export interface Relay {
  readonly answer: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: StreamFault | undefined;
  /** When it happens: this share of the longest time. */
  readonly share: number;
  readonly saw: (chunk: Buffer) => void;
  readonly reset: () => void;
}

/** A fault happens within so many ms after the watch began. */
const soonMs = 2_000;
const newline = 0x0a;

const gone = JSON.stringify({
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code: 410,
    reason: 'Expired',
    message: 'too old resource version',
  },
});

export function relayWatch({ answer, response, fault, share, saw, reset }: Relay): void {
  let silent = false;
  let isLineStart = true;
  let isDue = false;
  const happen = (): void => {
    if (fault === 'cut') reset();
    if (fault === 'silentWatch') silent = true;
    isDue = fault === 'goneInStream';
    tellGone();
  };
  const tellGone = (): void => {
    if (!isDue || !isLineStart || silent) return;
    silent = true;
    response.end(`${gone}\n`);
  };
  const timer = fault ? setTimeout(happen, share * soonMs) : undefined;
  response.on('close', () => clearTimeout(timer));
  response.on('drain', () => answer.resume());
  answer.on('data', (chunk: Buffer) => {
    saw(chunk);
    if (silent) return;
    isLineStart = chunk.at(-1) === newline;
    if (!response.write(chunk)) answer.pause();
    tellGone();
  });
  // One that is silent does not even end.
  answer.on('end', () => {
    if (!silent) response.end();
  });
  answer.on('error', () => {
    if (!silent) reset();
  });
}
