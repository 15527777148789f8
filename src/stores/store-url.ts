// Addresses of external stores: one URL holds everything that a client needs, so that it fits one key of a Secret.
//
//   kafka://user:password@host:9092,host:9092?sasl=scram-sha-512&tls=true&ca=/etc/ca.pem
//   cassandra://user:password@host:9042,host:9042/keyspace?datacenter=dc1&tls=true
//   mariadb://user:password@host:3306/?tls=true
//   mongodb://…   as MongoDB itself defines it

import { readFileSync } from 'node:fs';
import { MillraceError } from '../errors.ts';

export interface StoreHost {
  readonly host: string;
  readonly port: number;
}

export interface StoreAddress {
  readonly hosts: readonly StoreHost[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** What follows the hosts: a keyspace or database; empty without one. */
  readonly path: string;
  /** `ca` is a PEM text; without one the system's authorities are trusted. */
  readonly tls: { readonly ca: string | undefined } | undefined;
  /** Every other `?name=value`. */
  readonly options: ReadonlyMap<string, string>;
  /** The address without its password, for messages. */
  readonly name: string;
}

export interface StoreUrlRules {
  /** The manifest's field or the variable that holds it: named in errors instead of the URL, which may hold a password. */
  readonly where: string;
  readonly scheme: string;
  readonly defaultPort: number;
  /** The `?options` that this store knows beside tls and ca. */
  readonly options?: readonly string[];
}

/** @throws StoreUrlInvalid */
export function parseStoreUrl(url: string, rules: StoreUrlRules): StoreAddress {
  const { where, scheme, defaultPort } = rules;
  const bad = (problem: string): never => {
    throw new MillraceError('StoreUrlInvalid', { where, problem, scheme });
  };
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(
    url.trim(),
  );
  if (!parts) return bad('it is no URL');
  const [, given = '', login, hosts = '', path = '', query = ''] = parts;
  if (given.toLowerCase() !== scheme) return bad(`it begins with ${given}://, not ${scheme}://`);

  const decode = (text: string, what: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return bad(`its ${what} has a % that encodes nothing (write %25 for a percent sign)`);
    }
  };
  const colon = login?.indexOf(':') ?? -1;
  const user = login === undefined ? undefined : decode(colon < 0 ? login : login.slice(0, colon), 'user');
  const password = login === undefined || colon < 0 ? undefined : decode(login.slice(colon + 1), 'password');

  const list = hosts
    .split(',')
    .map((each) => parseHost(each, defaultPort) ?? bad(`"${each}" is no host:port`));
  const options = new Map(new URLSearchParams(query));
  const tls = options.get('tls');
  if (tls !== undefined && tls !== 'true' && tls !== 'false') bad(`tls=${tls} is neither true nor false`);
  const ca = options.get('ca');
  if (ca !== undefined && tls !== 'true') bad('it names a ca without tls=true');
  options.delete('tls');
  options.delete('ca');
  for (const name of options.keys()) {
    if (!rules.options?.includes(name)) bad(`it has the unknown option ${name}`);
  }
  return {
    hosts: list,
    user,
    password,
    path: decode(path, 'path'),
    tls: tls === 'true' ? { ca: ca === undefined ? undefined : readAuthority(ca, bad) } : undefined,
    options,
    name: `${scheme}://${list.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')}`,
  };
}

function parseHost(text: string, defaultPort: number): StoreHost | undefined {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([^:\s[\]]+))(?::(\d{1,5}))?$/i.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = parts?.[3] === undefined ? defaultPort : Number(parts[3]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function readAuthority(file: string, bad: (problem: string) => never): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    return bad(`its ca ${file} cannot be read: ${(cause as Error).message}`);
  }
}
