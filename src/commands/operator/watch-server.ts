// Where the operator is watched: /healthz and /readyz at one port, /metrics at another.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MillraceError } from '../../errors.ts';

export interface WatchServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type Pages = Readonly<Record<string, () => Answer | Promise<Answer>>>;

export const said = (status: number, body: object): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body)}\n`,
});

/** `port` 0 takes any free one. @throws PortInUse, UsageInvalid */
export async function startWatchServer(port: number, pages: Pages): Promise<WatchServer> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<Answer> => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return said(405, { problem: 'only GET' });
      const page = pages[request.url?.split('?', 1)[0] ?? ''];
      return page ? await page() : said(404, { problem: `there is ${Object.keys(pages).join(', ')}` });
    };
    answer().then(
      ({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : body);
      },
      (error: unknown) => response.destroy(error as Error),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EADDRINUSE')
        return reject(new MillraceError('PortInUse', { address: `port ${port}` }, { cause }));
      const problem = `cannot listen on port ${port}: ${cause.message}`;
      return reject(new MillraceError('UsageInvalid', { problem }, { cause }));
    });
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
