// The connection: majority writes and reads of the primary, every wait bounded, every failure in the catalogue's words.

import { type Collection, type Document, MongoClient } from 'mongodb';
import { isMillraceError, MillraceError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import { addressProblem, explainMongo } from './explain.ts';

/** How long a call looks for a server before it says that there is none. */
const selectionMs = 4_000;
/** How long a server may say nothing before the call gives it up. */
const silenceMs = 10_000;

export interface MongoDatabase {
  /** The address without user and password. */
  readonly store: string;
  collection<T extends Document>(name: string): Collection<T>;
  /** Runs `work`; `action` is what it does, as a phrase. @throws StoreUnreachable, StoreDenied */
  ask<T>(action: string, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** @throws StoreUrlInvalid */
export function connectMongo(options: {
  readonly url: string;
  /** The manifest's field or the variable that holds the URL, for messages. */
  readonly where: string;
  readonly database: string;
  readonly logger: Logger;
}): MongoDatabase {
  const { url, where, database, logger } = options;
  const client = open(url, where);
  const { hosts, srvHost } = client.options;
  const store = srvHost === undefined ? `mongodb://${hosts.join(',')}` : `mongodb+srv://${srvHost}`;
  const db = client.db(database);

  return {
    store,
    collection: (name) => db.collection(name),
    ask: async (action, work) => {
      try {
        return await work();
      } catch (error) {
        const told = explainMongo(error, { store, action });
        // What `work` itself refuses comes back as it was, and is its caller's to tell. An outage is told by who looks.
        if (isMillraceError(told) && told !== error) logger.debug({ code: told.code, action }, told.message);
        throw told;
      }
    },
    close: () => client.close(),
  };
}

function open(url: string, where: string): MongoClient {
  const bad = (problem: string, cause?: unknown) =>
    new MillraceError('StoreUrlInvalid', { where, problem, scheme: 'mongodb' }, { cause });
  if (!/^mongodb(\+srv)?:\/\//i.test(url.trim())) throw bad('it does not begin with mongodb://');
  try {
    return new MongoClient(url.trim(), {
      appName: 'millrace',
      serverSelectionTimeoutMS: selectionMs,
      connectTimeoutMS: selectionMs,
      socketTimeoutMS: silenceMs,
      waitQueueTimeoutMS: silenceMs,
      maxPoolSize: 20,
      writeConcern: { w: 'majority', wtimeoutMS: silenceMs },
      readConcern: { level: 'majority' },
      readPreference: 'primary',
      ignoreUndefined: true,
    });
  } catch (error) {
    const problem = addressProblem(error);
    throw problem === undefined ? error : bad(problem, error);
  }
}
