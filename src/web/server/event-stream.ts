// One answer that stays open: server-sent events. A reader that is too slow is let go of, so that none can fill the memory;
// it connects again by itself.

import type { FastifyReply } from 'fastify';

const unsentBytesLimit = 2 ** 20;

export interface EventStream {
  /** `data` is one line. */
  send(event: string, data: string): void;
  /** Says nothing, so that whoever stands between does not take the silence for an end. */
  beat(): void;
  end(): void;
  /** Called once, however the stream ends. */
  onClose(done: () => void): void;
}

/** Begins the answer: no error can be told after this. */
export function openEventStream(reply: FastifyReply): EventStream {
  const headers = reply.getHeaders();
  reply.hijack();
  const stream = reply.raw;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) stream.setHeader(name, value);
  stream.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
  const write = (text: string) => {
    stream.write(text);
    if (stream.writableLength > unsentBytesLimit) stream.destroy();
  };
  // How long a browser waits before it connects again, in milliseconds.
  write('retry: 1000\n\n');
  return {
    send: (event, data) => write(`event: ${event}\ndata: ${data}\n\n`),
    beat: () => write(':\n\n'),
    end: () => stream.end(),
    onClose: (done) => stream.once('close', done),
  };
}
