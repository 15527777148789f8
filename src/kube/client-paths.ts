// Where objects live on the API server.

import type { ObjectKey, ResourceKind } from './object.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** All of a kind, of one namespace or of all. */
export function collectionPath(kind: ResourceKind, namespace: string | undefined): string {
  const { group, version, plural, namespaced } = kind;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${within}/${plural}`;
}

/** @throws TypeError for a namespaced kind without a namespace: the path would be another thing's */
export function objectPath(kind: ResourceKind, { namespace, name }: ObjectKey, subresource?: string): string {
  if (kind.namespaced && namespace === undefined)
    throw new TypeError(`${kind.kind} ${name} needs a namespace`);
  if (name === '') throw new TypeError(`a ${kind.kind} needs a name`);
  const below = subresource === undefined ? '' : `/${subresource}`;
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}${below}`;
}

export function withQuery(path: string, query: Query): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}
