// Writes an answer to an HTTP response: its length first, then its parts as they are, without joining them.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import type { TransportFault } from './intercept.ts';
import type { JsonText } from './rpc-methods.ts';

/** `outcome` is undefined when the request was too large, and '' when it had no body. */
export function writeHttpAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  outcome: Answer | '' | undefined,
  onBytes: (bytes: number) => void,
): void {
  if (outcome === undefined) {
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  if (request.method !== 'POST' || outcome === '') {
    response.writeHead(request.method === 'POST' ? 400 : 405, { allow: 'POST' }).end();
    return;
  }
  if (outcome.fault) {
    writeFault(response, outcome.fault, outcome.parts);
    return;
  }
  const bytes = outcome.parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
  onBytes(bytes);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes });
  response.cork();
  for (const part of outcome.parts) response.write(part);
  response.end();
  response.uncork();
}

function writeFault(response: ServerResponse, fault: TransportFault, parts: readonly JsonText[]): void {
  if ('hang' in fault) return;
  if ('raw' in fault) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(fault.raw);
    return;
  }
  if ('status' in fault) {
    response.writeHead(fault.status, { ...fault.headers }).end(fault.body);
    return;
  }
  const whole = joinText(parts);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
  response.write(whole.subarray(0, whole.length >> 1), () => response.destroy());
}

export function joinText(parts: readonly JsonText[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}
