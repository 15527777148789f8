// An HTTP server with ConfigMaps, lists and watches as the API server's, that misbehaves where a real one cannot be made
// to: silence in mid-stream, cut lines, answers that come after the deed is done, lists of yesterday.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject, LiveObject, ResourceKind } from './object.ts';

export const configMaps: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly watch: boolean;
  /** performance.now() */
  readonly at: number;
}

/** True: the answer was given, or is withheld, here. */
export type Misbehaviour = (request: SeenRequest, response: ServerResponse) => boolean;

export interface TinyApi {
  readonly kubeconfig: string;
  readonly folder: string;
  readonly requests: readonly SeenRequest[];
  /** Watches that are open. */
  readonly watchers: ReadonlySet<ServerResponse>;
  misbehave: Misbehaviour | undefined;
  put(name: string, data?: Readonly<Record<string, string>>, metadata?: object): LiveObject;
  remove(name: string): void;
  /** What happens meanwhile is kept from the watches that are open. */
  silently<T>(deed: () => T): T;
  /** To every open watch. */
  bookmark(): void;
  /** Older versions than now are forgotten: 410. */
  compact(): void;
  close(): Promise<void>;
}

export const status = (code: number, reason: string, message = reason, details?: object) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message,
  ...(details && { details }),
});

export function answer(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): true {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
  return true;
}

interface Happened {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: LiveObject;
}

export async function startTinyApi(token = 'first'): Promise<TinyApi> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tiny-'));
  const objects = new Map<string, LiveObject>();
  const history: Happened[] = [];
  const requests: SeenRequest[] = [];
  const watchers = new Set<ServerResponse>();
  let version = 10;
  let oldest = 10;
  let silent = false;

  const happen = (type: Happened['type'], object: LiveObject): void => {
    history.push({ version, type, object });
    if (silent) return;
    for (const watcher of watchers) watcher.write(line(type, object));
  };
  const put: TinyApi['put'] = (name, data = {}, metadata = {}) => {
    version += 1;
    const before = objects.get(name);
    const uid = before?.metadata.uid ?? `uid-${version}`;
    const object: LiveObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'test', ...metadata, uid, resourceVersion: String(version) },
      data,
    };
    objects.set(name, object);
    happen(before ? 'MODIFIED' : 'ADDED', object);
    return object;
  };
  const remove = (name: string): boolean => {
    const before = objects.get(name);
    if (!before) return false;
    version += 1;
    objects.delete(name);
    const metadata = { ...before.metadata, resourceVersion: String(version) };
    happen('DELETED', { ...before, metadata });
    return true;
  };
  const list = (query: URLSearchParams, response: ServerResponse): true => {
    const at = query.get('resourceVersion');
    if (at !== null && Number(at) < oldest) return answer(response, 410, status(410, 'Expired'));
    const [from = 0, then = version] = (query.get('continue') ?? `0/${at ?? version}`).split('/').map(Number);
    if (then < oldest) return answer(response, 410, status(410, 'Expired', 'the continue token is too old'));
    const world = then === version ? [...objects.values()] : [...worldAt(history, then).values()];
    const limit = Number(query.get('limit') ?? world.length + 1);
    const rest = from + limit < world.length;
    return answer(response, 200, {
      kind: 'ConfigMapList',
      metadata: { resourceVersion: String(then), continue: rest ? `${from + limit}/${then}` : '' },
      // As the API server has it: items do not say what they are.
      items: world.slice(from, from + limit).map(({ apiVersion: _a, kind: _k, ...item }) => item),
    });
  };
  const watch = (query: URLSearchParams, response: ServerResponse): void => {
    const from = Number(query.get('resourceVersion'));
    if (from < oldest) {
      answer(response, 410, status(410, 'Expired'));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const each of history) if (each.version > from) response.write(line(each.type, each.object));
    watchers.add(response);
    response.on('close', () => watchers.delete(response));
  };
  const serve = ({ method, path, query, body, watch: watches }: SeenRequest, response: ServerResponse) => {
    const name = /\/configmaps\/([^/]+)$/.exec(path)?.[1];
    if (method === 'GET' && name === undefined)
      return watches ? watch(query, response) : void list(query, response);
    if (method === 'DELETE' && name !== undefined)
      return void (remove(name) ? answer(response, 200, {}) : answer(response, 404, status(404, 'NotFound')));
    if (method === 'GET' && name !== undefined) {
      const found = objects.get(name);
      return void answer(response, found ? 200 : 404, found ?? status(404, 'NotFound'));
    }
    const sent = JSON.parse(body) as KubeObject;
    return void answer(response, 200, put(sent.metadata.name, sent.data as Record<string, string>));
  };

  const api: TinyApi = {
    kubeconfig: join(folder, 'kubeconfig'),
    folder,
    requests,
    watchers,
    misbehave: undefined,
    put,
    remove,
    silently: (deed) => {
      silent = true;
      try {
        return deed();
      } finally {
        silent = false;
      }
    },
    bookmark: () => {
      const object = { kind: 'ConfigMap', metadata: { resourceVersion: String(version) } };
      for (const watcher of watchers) watcher.write(line('BOOKMARK', object));
    },
    compact: () => {
      oldest = version;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://tiny');
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
      watch: searchParams.has('watch'),
      at: performance.now(),
    };
    requests.push(seen);
    if (!api.misbehave?.(seen, response)) serve(seen, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  writeKubeconfig(api.kubeconfig, (server.address() as AddressInfo).port, { token });
  return api;
}

export function writeKubeconfig(file: string, port: number, user: object): void {
  const config = {
    clusters: [{ name: 'tiny', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'tiny', user }],
    contexts: [{ name: 'tiny', context: { cluster: 'tiny', user: 'tiny', namespace: 'test' } }],
    'current-context': 'tiny',
  };
  writeFileSync(file, JSON.stringify(config));
}

export const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

function worldAt(history: readonly Happened[], version: number): ReadonlyMap<string, LiveObject> {
  const world = new Map<string, LiveObject>();
  for (const { version: at, type, object } of history) {
    if (at > version) break;
    if (type === 'DELETED') world.delete(object.metadata.name);
    else world.set(object.metadata.name, object);
  }
  return world;
}
