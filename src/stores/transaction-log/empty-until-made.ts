// The log of who only reads and may begin before anything is recorded: empty until the recorder has made it, and from
// then on the log itself.

import type { Clock } from '../../clock.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import type { TransactionLog } from './port.ts';

/** How often it is looked for, when it is asked. */
const lookEveryMs = 2_000;

/** @throws what `open` throws, but for LogNotMade */
export async function emptyUntilMade(
  open: () => Promise<TransactionLog>,
  clock: Clock,
): Promise<TransactionLog> {
  let made: TransactionLog | undefined;
  let looking: Promise<TransactionLog> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  const look = async (): Promise<TransactionLog> => {
    try {
      made = await open();
      return made;
    } catch (error) {
      if (!isMillraceError(error, 'LogNotMade')) throw error;
      lookedAt = clock.now();
      return unmade;
    } finally {
      looking = undefined;
    }
  };
  const current = async (): Promise<TransactionLog> => {
    if (made) return made;
    if (!looking && clock.now() - lookedAt < lookEveryMs) return unmade;
    looking ??= look();
    return looking;
  };

  const first = await current();
  if (first !== unmade) return first;
  return new Proxy(unmade, {
    get: (target, name) => {
      const own: unknown = Reflect.get(target, name);
      if (typeof own !== 'function') return own;
      switch (name) {
        case 'bufferedBytes':
          return () => (made ?? unmade).bufferedBytes();
        case 'close':
          return async () => {
            await looking?.catch(() => undefined); // Told to whoever asked.
            await made?.close();
          };
        default:
          return async (...args: unknown[]) => {
            const log = await current();
            const call = Reflect.get(log, name) as (...given: unknown[]) => unknown;
            return call.apply(log, args);
          };
      }
    },
  });
}

const refuse = async (): Promise<never> => {
  throw new MillraceError('LogNotMade', { store: 'the transaction log', what: 'tables' });
};
const none = async (): Promise<readonly never[]> => [];
const nothing = async (): Promise<undefined> => undefined;

const unmade: TransactionLog = {
  writeTransactions: refuse,
  writeLogs: refuse,
  writeBlock: refuse,
  setCanonical: refuse,
  appendFinal: refuse,
  flush: nothing,
  bufferedBytes: () => 0,
  expire: async () => 0,
  coverage: none,
  bounds: nothing,
  newestFinal: nothing,
  block: nothing,
  blocks: none,
  transaction: nothing,
  transactionsOfBlock: none,
  logsOfBlock: none,
  logsOfTransaction: none,
  transactionsOfAddress: none,
  newestTransactions: none,
  scan: async () => ({
    files: { blocks: [], transactions: [], logs: [] },
    rows: async function* () {},
    canonical: [],
    release: nothing,
  }),
  size: async () => ({ blocks: 0, transactions: 0, logs: 0, bytes: 0 }),
  close: nothing,
};
