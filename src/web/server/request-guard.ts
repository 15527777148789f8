// Who may ask. The server trusts whoever reaches its own address, so it must be sure that a browser reached it
// on purpose: the Host must be a name of this server (no page of another site whose name was pointed here, DNS
// rebinding), and a request of a page must come from this server's own pages (no cross-site requests).

import { timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MillraceError } from '../../errors.ts';

const loopbackNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Every request: a known Host, and no other site's page behind it. */
export function guardRequests(app: FastifyInstance, options: { readonly host: string }): void {
  const allowed = new Set([...loopbackNames, bracketed(options.host).toLowerCase()]);
  const anyAddress = isUnspecified(options.host);
  app.addHook('onRequest', async (request) => {
    const host = hostName(request.headers.host ?? '');
    // Bound to every interface it is reached by addresses that cannot be listed here; a name can be rebound, an address cannot.
    if (!allowed.has(host) && !(anyAddress && isIP(host.replace(/^\[|\]$/g, '')) !== 0)) {
      throw new MillraceError('RequestRefused', {
        problem: `the Host header ${JSON.stringify(host.slice(0, 80))} is not this server's name`,
      });
    }
    if (!fromOwnPage(request)) {
      throw new MillraceError('RequestRefused', { problem: 'the request comes from a page of another site' });
    }
  });
}

/** The token that a request carries; undefined without any. */
export function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Without Origin and Sec-Fetch-Site it is no browser's cross-site request. A link from elsewhere to the page is fine. */
function fromOwnPage(request: FastifyRequest): boolean {
  const origin = request.headers.origin;
  if (origin !== undefined) return origin === `http://${request.headers.host}`;
  const site = request.headers['sec-fetch-site'];
  return site !== 'cross-site' || request.headers['sec-fetch-mode'] === 'navigate';
}

function hostName(header: string): string {
  return header.toLowerCase().replace(/:\d+$/, '');
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** In a time that does not tell how much of it was right. */
export function sameSecret(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
