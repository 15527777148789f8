// The figures as they change, as server-sent events: `status` and `transactions`. A page that was let go of connects
// again and gets the present state.

import type { FastifyInstance } from 'fastify';
import { MillraceError } from '../../errors.ts';
import { about } from './about.ts';
import { openEventStream } from './event-stream.ts';
import type { StatusFeed } from './status-feed.ts';

const listenersLimit = 64;

export function routeEvents(app: FastifyInstance, feed: StatusFeed): void {
  const open = new Set<() => void>();

  app.get(
    '/api/events',
    about('The figures and the newest transactions as they change', { types: ['text/event-stream'] }),
    (_request, reply) => {
      if (feed.listeners() >= listenersLimit)
        throw new MillraceError('TooManyListeners', { count: feed.listeners() });
      const stream = openEventStream(reply);
      const unsubscribe = feed.subscribe((events) => {
        for (const [name, data] of Object.entries(events)) stream.send(name, JSON.stringify(data));
      });
      const end = () => {
        open.delete(end);
        unsubscribe();
        stream.end();
      };
      open.add(end);
      stream.onClose(end);
    },
  );

  app.addHook('preClose', async () => {
    for (const end of [...open]) end();
    await feed.close();
  });
}
