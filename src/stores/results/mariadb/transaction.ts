// One transaction, run again when InnoDB chose it as a deadlock's victim or a lock took too long. A connection that is lost
// before the COMMIT has changed nothing; one that is lost while COMMIT is under way leaves it open, and `committed` asks.

import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, Connections, UseOptions } from './connections.ts';
import { DEADLOCK, isLost, isSqlError, LOCK_WAIT } from './explain.ts';

export interface TransactionOptions extends UseOptions {
  /** Finds out, on another connection, whether a transaction whose COMMIT was not answered is there. */
  readonly committed?: (connection: Connection) => Promise<boolean>;
}

const ATTEMPTS = 5;

/** `work` runs again from its beginning: it may keep nothing from a former run. */
export async function transaction<T>(
  connections: Connections,
  options: TransactionOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const committing: { result: T }[] = [];
  const run = async (connection: Connection): Promise<T> => {
    committing.length = 0;
    await connection.beginTransaction();
    let result: T;
    try {
      result = await work(connection);
    } catch (error) {
      if (connection.isValid() && !isLost(error)) await connection.rollback();
      throw error;
    }
    committing.push({ result });
    await connection.commit();
    return result;
  };
  const repeated = async (connection: Connection): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run(connection);
      } catch (error) {
        if (attempt === ATTEMPTS || !isConflict(error)) throw error;
        await delay(Math.random() * 50 * attempt);
      }
    }
  };
  try {
    return await connections.use(options, repeated);
  } catch (error) {
    const { committed } = options;
    const cause = error instanceof Error ? error.cause : undefined;
    const [open] = committing;
    if (open === undefined || committed === undefined || !isLost(cause)) throw error;
    const isThere = await connections.use(options, committed).catch(() => false);
    if (isThere) return open.result;
    throw error;
  }
}

function isConflict(error: unknown): boolean {
  return isSqlError(error) && (error.errno === DEADLOCK || error.errno === LOCK_WAIT);
}
