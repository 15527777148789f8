// What a controller may ask of the API server. Every call has an end (the signal and a timeout of its own), is counted by
// host, method and code, waits out 429 and 503 as Retry-After says, and fails with an ApiError of a few kinds.

import type { KubeObject, LiveObject, ObjectKey, ResourceKind } from './object.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** All namespaces unless told. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only metadata is asked for (PartialObjectMetadata). */
  readonly metadataOnly?: boolean;
  /** The world exactly as it was then. @throws ApiError `expired` once that is too long ago (minutes) */
  readonly at?: string;
  /** Objects to a page; 0: all in one. Default 250. */
  readonly pageSize?: number;
}

export interface ApplyOptions extends CallOptions {
  /** Default: the client's own. At most 128 characters, stable for ever. */
  readonly fieldManager?: string;
  /** Takes fields from other managers. Default true. */
  readonly force?: boolean;
  readonly subresource?: 'status' | 'scale';
  /** The server says what it would store, and stores nothing. */
  readonly dryRun?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** The object is only deleted if it still is this one. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

export interface ObjectList {
  readonly resourceVersion: string;
  readonly items: readonly LiveObject[];
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: LiveObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
}

export interface KubeClient {
  /** undefined when there is none. */
  get(
    kind: ResourceKind,
    key: ObjectKey,
    options?: CallOptions & { readonly metadataOnly?: boolean },
  ): Promise<LiveObject | undefined>;
  /** All pages, consistent. */
  list(kind: ResourceKind, options?: ListOptions): Promise<ObjectList>;
  /** One page after another, so that no more than a page is parsed at once. */
  pages(kind: ResourceKind, options?: ListOptions): AsyncIterable<ObjectList>;
  /** Events after `resourceVersion`, until the server or the signal ends it. @throws ApiError `expired` (410), … */
  watch(kind: ResourceKind, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** @throws ApiError `exists` */
  create(
    kind: ResourceKind,
    object: KubeObject,
    options?: CallOptions & Pick<ApplyOptions, 'fieldManager'>,
  ): Promise<LiveObject>;
  /** Server-side apply; with metadata.uid only that very object, with metadata.resourceVersion only that very state. */
  apply(kind: ResourceKind, object: KubeObject, options?: ApplyOptions): Promise<LiveObject>;
  /** PUT: needs metadata.resourceVersion. @throws ApiError `conflict` */
  replace(kind: ResourceKind, object: KubeObject, options?: CallOptions): Promise<LiveObject>;
  /** JSON merge patch (RFC 7396). */
  patch(
    kind: ResourceKind,
    key: ObjectKey,
    patch: Readonly<Record<string, unknown>>,
    options?: CallOptions & Pick<ApplyOptions, 'fieldManager' | 'subresource'>,
  ): Promise<LiveObject>;
  /** False when there was none. */
  delete(kind: ResourceKind, key: ObjectKey, options?: DeleteOptions): Promise<boolean>;
  /** Any other path, JSON in and out (a PATCH is a merge patch): evictions, discovery, logs as text. */
  request<T>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options?: CallOptions & { readonly body?: unknown; readonly as?: 'json' | 'text' },
  ): Promise<T>;
  close(): Promise<void>;
}
