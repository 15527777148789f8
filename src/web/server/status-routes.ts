// The figures at one moment, and the two questions of whatever watches the process: is it alive, is it ready.

import type { FastifyInstance } from 'fastify';
import type { PipelineStatus } from '../../status/pipeline-status.ts';

export function routeStatus(app: FastifyInstance, status: () => Promise<PipelineStatus>): void {
  app.get('/api/status', async () => status());

  // Alive: the process answers.
  app.get('/healthz', async () => ({ status: 'ok' }));

  // Ready: it runs and knows its chain's head.
  app.get('/readyz', async (_request, reply) => {
    const { state, head, problem } = await status();
    const ready = state === 'running' && head !== undefined;
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ok' : 'waiting', state, problem });
  });
}
