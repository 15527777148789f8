// Which keys a Secret has, and a digest of each value, so that pods follow a change: never the value, and never a digest
// that could be tried against guesses (the Secret's uid, which only its readers know, is mixed in).

import { hash } from 'node:crypto';
import type { Cache } from '../kube/cache-port.ts';
import type { KubeClient } from '../kube/client-port.ts';
import { keyText, type LiveObject, type ObjectKey } from '../kube/object.ts';
import { contentHashOf } from '../kube/reduce-object.ts';
import { kinds } from './kinds.ts';

/** Key → digest, 16 hexadecimal digits. */
export type KeyDigests = ReadonlyMap<string, string>;

export interface SecretReader {
  /** undefined: there is no such Secret. Asks the server only when the Secret has changed. */
  read(key: ObjectKey, signal: AbortSignal): Promise<KeyDigests | undefined>;
  /** Its metadata as the server has it now. */
  look(key: ObjectKey, signal: AbortSignal): Promise<LiveObject | undefined>;
}

/** `secrets`: a cache of hashes. */
export function createSecretReader(client: Pick<KubeClient, 'get'>, secrets: Cache): SecretReader {
  const known = new Map<string, { readonly content: string; readonly digests: KeyDigests }>();
  secrets.onChange(({ type, object }) => {
    if (type === 'deleted') known.delete(keyText({ ...object.metadata }));
  });
  return {
    look: (key, signal) => client.get(kinds.secret, key, { signal, metadataOnly: true }),
    read: async (key, signal) => {
      const cached = secrets.get(key);
      if (!cached) return undefined;
      const content = `${cached.metadata.uid}/${contentHashOf(cached)}`;
      const before = known.get(keyText(key));
      if (before?.content === content) return before.digests;
      const live = await client.get(kinds.secret, key, { signal });
      if (!live) return undefined;
      const digests = digestsOf(live);
      known.set(keyText(key), { content: `${live.metadata.uid}/${contentHashOf(live)}`, digests });
      return digests;
    },
  };
}

function digestsOf({ metadata, data }: LiveObject): KeyDigests {
  const entries = Object.entries((data ?? {}) as Readonly<Record<string, string>>);
  return new Map(
    entries.map(([key, value]) => [
      key,
      hash('sha256', JSON.stringify([metadata.uid, key, value]), 'hex').slice(0, 16),
    ]),
  );
}
