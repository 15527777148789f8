// The KubeClient over one wire: paths, bodies and content types of the API server's verbs. Objects pass through as they
// are; only what a list leaves out of its items (apiVersion, kind) is written back.

import { isApiError } from './api-error.ts';
import { authorized, type Call, call, count, pathOn, type Wire } from './client-calls.ts';
import { collectionPath, objectPath, withQuery } from './client-paths.ts';
import type { ApplyOptions, KubeClient, ListOptions, ObjectList, WatchOptions } from './client-port.ts';
import { watchEvents } from './client-watch.ts';
import { apiVersionOf, type KubeObject, keyOf, type LiveObject, type ResourceKind } from './object.ts';

export interface ClientOptions {
  readonly wire: Wire;
  /** Of what is applied, created, replaced and patched, unless the call names another. */
  readonly fieldManager: string;
  /** Called right before a write goes out; throws when this process may not write any more. */
  readonly fence?: () => void;
  readonly watch: WatchLimits;
  readonly random?: () => number;
}

export interface WatchLimits {
  /** The server is asked to end each watch after a random time between these, s. */
  readonly seconds: readonly [number, number];
  /** No byte for so long, bookmarks included: the connection is dead. */
  readonly idleMs: number;
}

const pageSize = 250;
/** After the time that the server was asked for. */
const watchGraceMs = 10_000;
const watchAnswerMs = 30_000;

const metadataOf = (kind: 'PartialObjectMetadata' | 'PartialObjectMetadataList'): string =>
  `application/json;as=${kind};g=meta.k8s.io;v=v1`;

export function createClient(options: ClientOptions): KubeClient {
  const { wire, fence, fieldManager, watch: limits, random = Math.random } = options;
  const json = async <T>(request: Call): Promise<T> => {
    const { text } = await call(wire, { ...request, fence });
    return JSON.parse(text) as T;
  };

  async function* pages(kind: ResourceKind, options: ListOptions = {}): AsyncGenerator<ObjectList> {
    const { namespace, labelSelector, fieldSelector, metadataOnly, at, pageSize: size = pageSize } = options;
    const path = collectionPath(kind, namespace);
    let next: string | undefined;
    do {
      const request: Call = {
        method: 'GET',
        path: withQuery(path, {
          labelSelector,
          fieldSelector,
          limit: size === 0 ? undefined : size,
          ...(next !== undefined
            ? { continue: next }
            : at !== undefined && { resourceVersion: at, resourceVersionMatch: 'Exact' }),
        }),
        ...(metadataOnly && { accept: metadataOf('PartialObjectMetadataList') }),
        signal: options.signal,
      };
      const read = await wire.pageTurns(() => json<RawList>(request), options.signal);
      const { metadata, items } = read;
      next = metadata.continue === '' ? undefined : metadata.continue;
      yield { resourceVersion: metadata.resourceVersion, items: (items ?? []).map((item) => of(kind, item)) };
    } while (next !== undefined);
  }

  async function* watch(kind: ResourceKind, options: WatchOptions) {
    const { namespace, labelSelector, fieldSelector, metadataOnly, resourceVersion, signal } = options;
    const [shortest, longest] = limits.seconds;
    const timeoutSeconds = Math.round(shortest + random() * (longest - shortest));
    const path = withQuery(collectionPath(kind, namespace), {
      watch: 1,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds,
      labelSelector,
      fieldSelector,
    });
    await wire.pace.turn(false, Number.POSITIVE_INFINITY, signal);
    const { dispatcher, headers } = await authorized(wire, true);
    const events = watchEvents({
      dispatcher,
      origin: wire.server.origin,
      path: pathOn(wire.server, path),
      headers: {
        ...headers,
        accept: metadataOnly ? metadataOf('PartialObjectMetadata') : 'application/json',
      },
      signal,
      idleMs: limits.idleMs,
      answerMs: watchAnswerMs,
      longestMs: timeoutSeconds * 1_000 + watchGraceMs,
      now: wire.clock.now,
      answered: (status) => count(wire, 'GET', status),
    });
    try {
      for await (const event of events) {
        if (event.type === 'BOOKMARK') yield event;
        else yield { type: event.type, object: of(kind, event.object) };
      }
    } catch (error) {
      if (isApiError(error, 'unauthorized')) wire.credentials.refused();
      if (isApiError(error, 'busy') && error.retryAfterMs !== undefined) wire.pace.pause(error.retryAfterMs);
      throw error;
    }
  }

  const send = (
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    body: unknown,
    more: { readonly signal?: AbortSignal | undefined; readonly contentType?: string; writes?: boolean },
  ): Promise<LiveObject> => json({ method, path, body: JSON.stringify(body), ...more });

  return {
    async get(kind, key, { signal, metadataOnly } = {}) {
      try {
        const found = await json<LiveObject>({
          method: 'GET',
          path: objectPath(kind, key),
          ...(metadataOnly && { accept: metadataOf('PartialObjectMetadata') }),
          signal,
        });
        return of(kind, found);
      } catch (error) {
        if (isApiError(error, 'notFound')) return undefined;
        throw error;
      }
    },
    pages,
    async list(kind, options = {}) {
      try {
        return await whole(pages(kind, options));
      } catch (error) {
        // A token of a page may have grown too old in mid-list; all in one needs none.
        if (!isApiError(error, 'expired') || options.pageSize === 0) throw error;
        return await whole(pages(kind, { ...options, pageSize: 0 }));
      }
    },
    watch,
    create: (kind, object, { signal, fieldManager: manager = fieldManager } = {}) =>
      send(
        'POST',
        withQuery(collectionPath(kind, namespaceOf(kind, object)), { fieldManager: manager }),
        object,
        { signal },
      ),
    apply(kind, object, options: ApplyOptions = {}) {
      const { signal, force = true, subresource, dryRun = false, fieldManager: manager } = options;
      const path = withQuery(objectPath(kind, keyOf(object), subresource), {
        fieldManager: manager ?? fieldManager,
        force,
        dryRun: dryRun ? 'All' : undefined,
      });
      return send('PATCH', path, object, {
        signal,
        writes: !dryRun,
        contentType: 'application/apply-patch+yaml',
      });
    },
    replace: (kind, object, { signal } = {}) =>
      send('PUT', withQuery(objectPath(kind, keyOf(object)), { fieldManager }), object, { signal }),
    patch: (kind, key, patch, { signal, subresource, fieldManager: manager = fieldManager } = {}) =>
      send('PATCH', withQuery(objectPath(kind, key, subresource), { fieldManager: manager }), patch, {
        signal,
        contentType: 'application/merge-patch+json',
      }),
    async delete(kind, key, options = {}) {
      const { signal, uid, resourceVersion, propagationPolicy, gracePeriodSeconds } = options;
      const preconditions = { uid, resourceVersion };
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...((uid !== undefined || resourceVersion !== undefined) && { preconditions }),
        propagationPolicy,
        gracePeriodSeconds,
      });
      try {
        await call(wire, { method: 'DELETE', path: objectPath(kind, key), body, signal, fence });
        return true;
      } catch (error) {
        if (isApiError(error, 'notFound')) return false;
        throw error;
      }
    },
    async request<T>(
      method: Call['method'],
      path: string,
      options: { signal?: AbortSignal; body?: unknown; as?: 'json' | 'text' } = {},
    ): Promise<T> {
      const { signal, body, as = 'json' } = options;
      const { text } = await call(wire, {
        method,
        path,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(method === 'PATCH' && { contentType: 'application/merge-patch+json' }),
        accept: as === 'json' ? 'application/json' : '*/*',
        signal,
        fence,
      });
      return (as === 'json' ? JSON.parse(text) : text) as T;
    },
    close: () => wire.connections.close(),
  };
}

interface RawList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly LiveObject[] | null;
}

/** Freshly parsed: nobody else has it yet. */
function of(kind: ResourceKind, object: LiveObject): LiveObject {
  const own = object as { apiVersion: string; kind: string };
  own.apiVersion = apiVersionOf(kind);
  own.kind = kind.kind;
  return object;
}

/** @throws TypeError for a namespaced object without a namespace */
function namespaceOf(kind: ResourceKind, { metadata }: KubeObject): string | undefined {
  if (!kind.namespaced) return undefined;
  if (metadata.namespace === undefined)
    throw new TypeError(`${kind.kind} ${metadata.name} needs a namespace`);
  return metadata.namespace;
}

async function whole(pages: AsyncIterable<ObjectList>): Promise<ObjectList> {
  const items: LiveObject[] = [];
  let resourceVersion = '';
  for await (const page of pages) {
    items.push(...page.items);
    resourceVersion = page.resourceVersion;
  }
  return { resourceVersion, items };
}
