// A TLS reverse proxy before the real API server that makes trouble, by a seed and at a rate for each kind of it. When the
// weather turns fine, connections that hang go on hanging: it is for the client to notice.

import { readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as send } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { readKubeconfig, throughProxy } from '../kube/kubeconfig.ts';
import { createDice, type Fault, type Rates, type Verb } from './chaos-faults.ts';
import { relayWatch, type StreamFault } from './chaos-stream.ts';

export interface SeenRequest {
  /** performance.now() */
  readonly at: number;
  readonly verb: Verb;
  /** Path without namespace, subresource and query, with the name of what is created. */
  readonly object: string;
  readonly namespace: string | undefined;
  readonly fault: Fault | undefined;
}

export interface ChaosProxy {
  /** By which the admin comes through it. */
  readonly kubeconfig: string;
  /** From now on, of requests that come; nothing named is fine weather. */
  weather(rates: Rates): void;
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

interface Asked {
  readonly verb: Verb;
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The same for the same request, whichever namespace it is in. */
  readonly identity: string;
}

/** Lists are at most so much behind, ms. */
const staleMs = 4_000;
const streamFaults: readonly (Fault | undefined)[] = ['cut', 'silentWatch', 'goneInStream'];

export async function startChaosProxy({
  kubeconfig,
  seed,
}: {
  readonly kubeconfig: string;
  readonly seed: number;
}): Promise<ChaosProxy> {
  const { server, authority, credentials } = readKubeconfig(kubeconfig);
  const base64 = (text = ''): Buffer => Buffer.from(text, 'base64');
  const agent = new Agent({
    keepAlive: true,
    ca: base64(authority),
    cert: base64(credentials['client-certificate-data']),
    key: base64(credentials['client-key-data']),
  });
  const keys = join(dirname(kubeconfig), 'keys');
  const dice = createDice(seed);
  const requests: SeenRequest[] = [];
  const revisions = createRevisions();
  /** By port, since a TLS socket does not say what it runs on. */
  const sockets = new Map<number, Socket>();
  let rates: Rates = {};

  const reset = ({ socket }: IncomingMessage): void => {
    sockets.get(socket.remotePort ?? 0)?.resetAndDestroy();
    socket.destroy();
  };

  /** Rejects when the server hangs up. `reader`: whose going ends the request. */
  const forward = (
    { method, url, headers, body }: Asked,
    reader?: ServerResponse,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { host: _h, connection: _c, ...rest } = headers;
      const passed = send(
        new URL(url.pathname + url.search, server),
        { method, agent, headers: rest },
        resolve,
      );
      passed.on('error', reject);
      reader?.on('close', () => passed.destroy());
      passed.end(body);
    });

  const whole = async (
    asked: Asked,
  ): Promise<{ readonly answer: IncomingMessage; readonly body: Buffer }> => {
    const answer = await forward(asked);
    const body = await buffer(answer);
    revisions.saw(body);
    return { answer, body };
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await read(request);
    const { verb, identity } = asked;
    let fault = dice.fault(rates, verb, identity);
    const share = dice.share(`${requests.length} ${identity}`);
    const past = fault === 'staleList' ? revisions.before(share * staleMs) : undefined;
    if (fault === 'staleList' && !isFirstPage(asked, past)) fault = undefined;
    const [, namespace] = /\/namespaces\/([^/]+)/.exec(asked.url.pathname) ?? [];
    const object = identity.replace(/^\w+ /, '').replace(/(\/(status|scale)|\?continue)$/, '');
    requests.push({ at: performance.now(), verb, object, namespace, fault });
    switch (fault) {
      case 'reset':
        return reset(request);
      case 'halfOpen':
      case 'deafWatch':
        return;
      case 'goneWatch':
        return refuse(response, 410, 'Expired', 'too old resource version');
      case 'conflict':
        return refuse(response, 409, 'Conflict', 'the object has been modified');
      case 'tooMany':
        return refuse(response, 429, 'TooManyRequests', 'please try again later', { 'retry-after': '1' });
      case 'broken':
        return refuse(response, 500, 'InternalError', 'etcdserver: leader changed');
      case 'unavailable':
        return refuse(
          response,
          503,
          'ServiceUnavailable',
          'not now',
          share < 0.5 ? { 'retry-after': '1' } : {},
        );
      case 'lostAnswer':
        await whole(asked);
        if (share < 0.5) refuse(response, 504, 'Timeout', 'the request did not complete in time');
        return;
      case 'staleList':
        asked.url.searchParams.set('resourceVersion', past ?? '');
        asked.url.searchParams.set('resourceVersionMatch', 'Exact');
        break;
    }
    if (verb === 'watch') {
      const answer = await forward(asked, response);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      const stream = streamFaults.includes(fault) ? (fault as StreamFault) : undefined;
      relayWatch({ answer, response, fault: stream, share, saw: revisions.saw, reset: () => reset(request) });
      return;
    }
    const { answer, body } = await whole(asked);
    const { 'transfer-encoding': _, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': body.length });
    if (fault !== 'cut') response.end(body);
    // What the kernel still holds would be lost with the connection.
    else response.write(body.subarray(0, body.length / 2), () => setTimeout(() => reset(request), 5));
  }

  const proxy = createServer(
    { cert: readFileSync(join(keys, 'server.crt')), key: readFileSync(join(keys, 'server.key')) },
    (request, response) => {
      response.on('error', () => response.destroy());
      // The server, or the client, has gone: the other one is told as the network would.
      serve(request, response).catch(() => reset(request));
    },
  );
  proxy.keepAliveTimeout = 120_000;
  proxy.requestTimeout = 0;
  proxy.on('connection', (socket: Socket) => {
    const { remotePort = 0 } = socket;
    sockets.set(remotePort, socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(remotePort));
  });
  proxy.on('tlsClientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const through = throughProxy(kubeconfig, `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  return {
    kubeconfig: through,
    requests,
    weather: (next) => {
      rates = next;
    },
    close: async () => {
      const closed = new Promise((resolve) => proxy.close(resolve));
      for (const socket of sockets.values()) socket.destroy();
      await closed;
      agent.destroy();
      rmSync(through);
    },
  };
}

async function read(request: IncomingMessage): Promise<Asked> {
  const { method = 'GET', headers } = request;
  const url = new URL(request.url ?? '/', 'https://proxy');
  const body = await buffer(request);
  const verb = verbOf(method, url);
  const path = url.pathname.replace(/\/namespaces\/[^/]+(?=\/)/, '');
  // Names of events are random.
  const name = verb === 'create' && !path.endsWith('/events') ? `/${nameIn(body)}` : '';
  const continued = url.searchParams.has('continue') ? '?continue' : '';
  return { verb, method, url, headers, body, identity: `${verb} ${path}${name}${continued}` };
}

function verbOf(method: string, url: URL): Verb {
  if (method === 'POST') return 'create';
  if (method === 'DELETE') return 'delete';
  if (method !== 'GET') return 'change';
  if (url.searchParams.has('watch')) return 'watch';
  // /api/v1/namespaces/NAME/PLURAL or /apis/GROUP/VERSION/namespaces/NAME/PLURAL
  return /^\/apis?\/([^/]+\/)?[^/]+\/namespaces\/[^/]+\/[^/]+$/.test(url.pathname) ? 'list' : 'get';
}

const nameIn = (body: Buffer): string =>
  (JSON.parse(body.toString()) as { metadata: { name: string } }).metadata.name;

/** Of a list that says nothing itself of which moment it wants. */
const isFirstPage = ({ url }: Asked, past: string | undefined): boolean =>
  past !== undefined && !url.searchParams.has('continue') && !url.searchParams.has('resourceVersion');

function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }),
  );
}

/** Which revision there was when, as answers that passed have told. */
function createRevisions() {
  const known: { readonly at: number; readonly revision: number }[] = [];
  return {
    saw: (text: Buffer): void => {
      const revision = Math.max(
        0,
        ...Array.from(text.toString('latin1').matchAll(/"resourceVersion":"(\d+)"/g), ([, digits]) =>
          Number(digits),
        ),
      );
      if (revision > (known.at(-1)?.revision ?? 0)) known.push({ at: performance.now(), revision });
    },
    /** The one that there was `ms` ago, unless it is the newest still. */
    before: (ms: number): string | undefined => {
      const then = performance.now() - ms;
      const index = known.findLastIndex(({ at }) => at <= then);
      return index === known.length - 1 ? undefined : known[Math.max(0, index)]?.revision.toString();
    },
  };
}
