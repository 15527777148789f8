// A client that dies: after so many writes nothing it is asked reaches the server, as if its process had been killed
// between this write and the next.

import { ApiError } from '../../src/kube/api-error.ts';
import type { KubeClient } from '../../src/kube/client-port.ts';

export interface MortalClient {
  readonly client: KubeClient;
  /** Resolves when it has died. */
  readonly died: Promise<void>;
  /** Writes that were sent. Events are not counted: nobody waits for them. */
  writes(): number;
}

export function mortalClient(client: KubeClient, mostWrites: number): MortalClient {
  const died = Promise.withResolvers<void>();
  let writes = 0;
  let dead = false;
  const alive = (): void => {
    if (dead) throw new ApiError('unreachable', 'the process is dead');
  };
  const write = async <T>(send: () => Promise<T>): Promise<T> => {
    alive();
    if (writes === mostWrites) {
      dead = true;
      died.resolve();
      alive();
    }
    writes += 1;
    return await send();
  };
  return {
    died: died.promise,
    writes: () => writes,
    client: {
      get: async (...call) => {
        alive();
        return await client.get(...call);
      },
      list: (...call) => client.list(...call),
      pages: (...call) => client.pages(...call),
      watch: (...call) => client.watch(...call),
      create: (kind, ...call) =>
        kind.kind === 'Event' ? client.create(kind, ...call) : write(() => client.create(kind, ...call)),
      apply: (...call) => write(() => client.apply(...call)),
      replace: (...call) => write(() => client.replace(...call)),
      patch: (kind, ...call) =>
        kind.kind === 'Event' ? client.patch(kind, ...call) : write(() => client.patch(kind, ...call)),
      delete: (...call) => write(() => client.delete(...call)),
      request: (...call) => client.request(...call),
      close: () => client.close(),
    },
  };
}
