// The figures as they change, as server-sent events: `status` and `transactions`. A page that reads too slowly is
// let go of (it connects again and gets the present state), so that no page can fill the memory.

import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../../errors.ts';
import type { StatusFeed } from './status-feed.ts';

const listenersLimit = 64;
const unsentBytesLimit = 2 ** 20;

export function routeEvents(app: FastifyInstance, feed: StatusFeed): void {
  const open = new Set<() => void>();

  app.get('/api/events', (_request, reply) => {
    if (feed.listeners() >= listenersLimit)
      throw new MillraceError('TooManyListeners', { count: feed.listeners() });
    const headers = reply.getHeaders();
    reply.hijack();
    const stream = reply.raw;
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) stream.setHeader(name, value);
    stream.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    // How long a browser waits before it connects again, in milliseconds.
    stream.write('retry: 1000\n\n');

    const unsubscribe = feed.subscribe((events) => {
      for (const [name, data] of Object.entries(events)) {
        stream.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
      }
      if (stream.writableLength > unsentBytesLimit) stream.destroy();
    });
    const end = () => {
      open.delete(end);
      unsubscribe();
      stream.end();
    };
    open.add(end);
    stream.once('close', end);
  });

  app.addHook('preClose', async () => {
    for (const end of [...open]) end();
    await feed.close();
  });
}
