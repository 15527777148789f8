// Connections to the API server: requests and watches have separate ones, so that neither waits for the other. HTTP/1.1:
// a watch has a connection of its own.

import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { ApiError } from './api-error.ts';
import type { ClientCertificate } from './credentials.ts';

export interface TlsOptions {
  readonly ca?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface ConnectionOptions {
  readonly tls: TlsOptions;
  /** http(s) proxy. */
  readonly proxy?: string;
  readonly connectMs: number;
  /** Requests at once; more wait in line. */
  readonly connections: number;
}

export interface Connections {
  readonly requests: Dispatcher;
  readonly watches: Dispatcher;
}

export interface ConnectionSource {
  /** Those that were made with this certificate; new ones when it is another than before. @throws ApiError once closed */
  with(certificate: ClientCertificate | undefined): Connections;
  close(): Promise<void>;
}

/** The kernel asks a silent peer from then on, and gives the socket up ten seconds later. */
const probeAfterMs = 15_000;
/** The API server keeps idle connections for 90 s, load balancers for 60. */
const idleMs = 30_000;

export function createConnections(options: ConnectionOptions): ConnectionSource {
  let certificate: ClientCertificate | undefined;
  let current: Connections | undefined;
  let closed = false;
  /** Of certificates before: what runs on them may end, and watches last minutes. */
  const leaving = new Set<Dispatcher>();
  const leave = async (old: Dispatcher): Promise<void> => {
    leaving.add(old);
    await old.close();
    leaving.delete(old);
  };
  return {
    with(wanted) {
      if (closed) throw new ApiError('unreachable', 'the connection to the API server was closed');
      if (current && wanted?.cert === certificate?.cert && wanted?.key === certificate?.key) return current;
      if (current) {
        void leave(current.requests);
        void leave(current.watches);
      }
      certificate = wanted;
      current = {
        requests: dispatcher(options, wanted, options.connections),
        watches: dispatcher(options, wanted, null),
      };
      return current;
    },
    async close() {
      closed = true;
      const open = current ? [current.requests, current.watches, ...leaving] : [...leaving];
      current = undefined;
      await Promise.all(open.map((each) => each.destroy()));
    },
  };
}

function dispatcher(
  { tls, proxy, connectMs }: ConnectionOptions,
  certificate: ClientCertificate | undefined,
  connections: number | null,
): Dispatcher {
  const secure = { ...tls, ...certificate };
  const connect = { timeout: connectMs, keepAlive: true, keepAliveInitialDelay: probeAfterMs };
  // undici would take HTTP/2 when the server offers it.
  const common = { connections, allowH2: false, keepAliveTimeout: idleMs, headersTimeout: 0, bodyTimeout: 0 };
  if (proxy === undefined) return new Agent({ ...common, connect: { ...connect, ...secure } });
  return new ProxyAgent({ ...common, uri: proxy, connect, requestTls: { ...connect, ...secure } });
}
