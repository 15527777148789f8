// The API server by plain HTTP, as whoever a kubeconfig names: what tests look at the world with. It shares nothing
// with the operator's own client.

import { Agent, fetch } from 'undici';
import { readKubeconfig } from './kubeconfig.ts';

export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** An object as tests write it down. */
export interface Unnamed {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface Answer {
  readonly status: number;
  /** JSON when it is JSON. */
  readonly body: unknown;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

export interface Api {
  readonly server: string;
  /** Answers whatever the server says; throws only when it says nothing. */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** Of a 2xx answer; throws the server's sentence otherwise. */
  get<T = KubeObject>(path: string): Promise<T>;
  list(path: string): Promise<readonly KubeObject[]>;
  create<T = KubeObject>(path: string, object: unknown): Promise<T>;
  /** Server-side apply, forced; the name is the path's. */
  apply<T = KubeObject>(path: string, object: Unnamed, fieldManager?: string): Promise<T>;
  /** JSON merge patch. */
  merge<T = KubeObject>(path: string, patch: unknown): Promise<T>;
  remove(path: string): Promise<void>;
  watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent>;
  close(): Promise<void>;
}

const requestMs = 30_000;
export const applyPatch = 'application/apply-patch+yaml';
export const mergePatch = 'application/merge-patch+json';

/** `kubeconfig`: a file with one cluster and one user, whose certificates or token it holds. */
export function connect(kubeconfig: string, userAgent = 'millrace-test'): Api {
  const { server, authority, credentials } = readKubeconfig(kubeconfig);
  const bytes = (field: string): Buffer | undefined => {
    const data = credentials[field];
    return data === undefined ? undefined : Buffer.from(data, 'base64');
  };
  const [cert, key] = [bytes('client-certificate-data'), bytes('client-key-data')];
  const agent = new Agent({
    connections: 64,
    bodyTimeout: 0,
    connect: { ca: Buffer.from(authority, 'base64'), ...(cert && key && { cert, key }) },
  });
  const headers = {
    'user-agent': userAgent,
    accept: 'application/json',
    ...(credentials.token && { authorization: `Bearer ${credentials.token}` }),
  };

  const request: Api['request'] = async (method, path, body, contentType = 'application/json') => {
    const response = await fetch(`${server}${path}`, {
      method,
      dispatcher: agent,
      headers: body === undefined ? headers : { ...headers, 'content-type': contentType },
      signal: AbortSignal.timeout(requestMs),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // The list of OpenAPI documents calls itself text.
    const json = response.headers.get('content-type')?.includes('json') || text.startsWith('{');
    return { status: response.status, body: json && text !== '' ? JSON.parse(text) : text };
  };
  const expect = async <T>(...of: Parameters<Api['request']>): Promise<T> => {
    const { status, body } = await request(...of);
    if (status >= 200 && status < 300) return body as T;
    const said = (body as { message?: string }).message ?? JSON.stringify(body);
    throw new Error(`${of[0]} ${of[1]}: ${status} ${said}`);
  };
  const query = (path: string, parameters: Readonly<Record<string, string>>): string =>
    `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}`;

  return {
    server,
    request,
    get: (path) => expect('GET', path),
    list: async (path) => {
      const { items } = await expect<{ items: readonly KubeObject[] | null }>('GET', path);
      return items ?? [];
    },
    create: (path, object) => expect('POST', path, object),
    apply: (path, object, fieldManager = 'millrace-test') => {
      const [name] = path
        .replace(/\/(status|scale)$/, '')
        .split('/')
        .slice(-1);
      const named = { ...object, metadata: { ...object.metadata, name } };
      return expect('PATCH', query(path, { fieldManager, force: 'true' }), named, applyPatch);
    },
    merge: (path, patch) => expect('PATCH', path, patch, mergePatch),
    remove: async (path) => {
      await expect('DELETE', path);
    },
    watch: async function* (path, signal) {
      const address = `${server}${query(path, { watch: 'true' })}`;
      const response = await fetch(address, { dispatcher: agent, headers, signal });
      if (!response.ok || !response.body)
        throw new Error(`watch ${path}: ${response.status} ${await response.text()}`);
      let rest = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield JSON.parse(line) as WatchEvent;
      }
    },
    close: () => agent.destroy(),
  };
}
