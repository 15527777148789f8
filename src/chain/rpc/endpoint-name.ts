// How an endpoint is called in messages, logs and metrics: recognisable, and without the keys that providers put
// into the path, the query or the user part of a URL.

import { basename } from 'node:path';
import { MillraceError } from '../../errors.ts';

export type EndpointKind = 'http' | 'websocket' | 'ipc';

export interface EndpointAddress {
  readonly kind: EndpointKind;
  /** Safe to print, e.g. `https://mainnet.example.org/…`. */
  readonly name: string;
  /** The address to dial: a URL, or for ipc the path of the socket. Secret. */
  readonly target: string;
}

/** @throws UsageInvalid when the text is no address that Millrace can dial; its message holds no part that may be secret. */
export function parseEndpoint(text: string): EndpointAddress {
  if (text.startsWith('/') || text.startsWith('./')) return ipcAddress(text);
  if (!URL.canParse(text)) throw invalid('an endpoint is no URL and no path of a socket');
  const url = new URL(text);
  switch (url.protocol) {
    case 'http:':
    case 'https:':
      return { kind: 'http', name: maskedName(url), target: text };
    case 'ws:':
    case 'wss:':
      return { kind: 'websocket', name: maskedName(url), target: text };
    case 'ipc:':
      return ipcAddress(decodeURIComponent(text.slice('ipc://'.length)));
    default:
      throw invalid(`an endpoint begins with ${url.protocol}, which is not http(s), ws(s) or ipc`);
  }
}

function ipcAddress(path: string): EndpointAddress {
  return { kind: 'ipc', name: `ipc:…/${basename(path)}`, target: path };
}

function maskedName(url: URL): string {
  const bare = (url.pathname === '/' || url.pathname === '') && url.search === '' && url.username === '';
  return `${url.protocol}//${url.host}${bare ? '' : '/…'}`;
}

function invalid(problem: string): MillraceError {
  return new MillraceError('UsageInvalid', { problem });
}
