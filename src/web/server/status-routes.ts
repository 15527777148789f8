// The figures at one moment, the two questions of whatever watches the process (is it alive, is it ready), and what
// Prometheus reads.

import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../metrics.ts';
import type { Health } from '../../status/health.ts';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import { about } from './about.ts';

export interface Watchers {
  readonly health: Health;
  readonly metrics: Metrics;
}

export function routeStatus(
  app: FastifyInstance,
  status: () => Promise<PipelineStatus>,
  { health, metrics }: Watchers,
): void {
  app.get('/api/status', about('The pipeline’s figures now'), async () => status());

  // Alive: the process answers.
  app.get('/healthz', about('The process answers'), async () => ({ status: 'ok' }));

  // Ready: its stores answer, nothing keeps it from its work, and it moves.
  app.get('/readyz', about('Ready, or with status 503 what is not'), async (_request, reply) => {
    const report = await health.report();
    return reply.status(report.ready ? 200 : 503).send(report);
  });

  app.get('/metrics', about('What Prometheus reads', { types: ['text/plain'] }), async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
}
