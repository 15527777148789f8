// What watches a process asks it over HTTP: /healthz (it lives), /readyz (it can work, and does), /metrics.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MillraceError } from '../../errors.ts';
import type { Metrics } from '../../metrics.ts';
import type { Health } from '../../status/health.ts';

export interface HealthServer {
  /** `http://127.0.0.1:4681/` */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** @throws PortInUse, UsageInvalid */
export async function startHealthServer(options: {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly health: Health;
  readonly metrics: Metrics;
}): Promise<HealthServer> {
  const { host, port } = options;
  const server = createServer((request, response) => {
    answer(request.method ?? '', request.url ?? '', options).then(
      ({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : body);
      },
      (error: unknown) => response.destroy(error as Error),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const address = `${host}:${port}`;
      if (cause.code === 'EADDRINUSE') return reject(new MillraceError('PortInUse', { address }, { cause }));
      const problem = `cannot listen on ${address}: ${cause.message}`;
      return reject(new MillraceError('UsageInvalid', { problem }, { cause }));
    });
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  method: string,
  url: string,
  { health, metrics }: { readonly health: Health; readonly metrics: Metrics },
): Promise<Answer> {
  const json = (status: number, body: object): Answer => ({
    status,
    type: 'application/json; charset=utf-8',
    body: `${JSON.stringify(body)}\n`,
  });
  if (method !== 'GET' && method !== 'HEAD') return json(405, { problem: 'only GET' });
  switch (url.split('?')[0]) {
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/readyz': {
      const report = await health.report();
      return json(report.ready ? 200 : 503, report);
    }
    case '/metrics':
      return { status: 200, type: metrics.contentType, body: await metrics.text() };
    default:
      return json(404, { problem: 'there is /healthz, /readyz and /metrics' });
  }
}
