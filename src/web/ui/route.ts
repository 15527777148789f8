// Where in the pages we are: kept behind the # of the address, so that every view can be linked and gone back to.

import { useSyncExternalStore } from 'react';

export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'query' }
  | { readonly page: 'transaction'; readonly hash: string }
  /** Number or hash. */
  | { readonly page: 'block'; readonly at: string }
  | { readonly page: 'address'; readonly address: string }
  | { readonly page: 'result'; readonly owner: string; readonly name: string }
  | { readonly page: 'unknown'; readonly path: string };

export function parseRoute(hash: string): Route {
  const path = hash.replace(/^#?\/?/, '');
  const [page = '', first, second, ...rest] = path.split('/').map(decode);
  if (rest.length === 0) {
    if (page === '' && first === undefined) return { page: 'overview' };
    if (page === 'query' && first === undefined) return { page: 'query' };
    if (first && second === undefined) {
      if (page === 'transactions') return { page: 'transaction', hash: first };
      if (page === 'blocks') return { page: 'block', at: first };
      if (page === 'addresses') return { page: 'address', address: first };
    }
    if (page === 'results' && first && second) return { page: 'result', owner: first, name: second };
  }
  return { page: 'unknown', path };
}

export const linkTo = {
  overview: '#/',
  query: '#/query',
  transaction: (hash: string) => `#/transactions/${hash}`,
  block: (at: string | number) => `#/blocks/${at}`,
  address: (address: string) => `#/addresses/${address}`,
  result: (owner: string, name: string) =>
    `#/results/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`,
} as const;

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(onHashChange, () => window.location.hash));
}

/** Answers how to stop listening. */
export function onHashChange(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** A half-typed escape in an address is no reason to fail: it stays as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
