// The metadata in MongoDB, shared by every process of a pipeline. One document is one fact: single-document atomicity,
// unique indexes and conditions inside the query are all that it rests on, so neither sessions nor transactions are needed.

import type { Clock } from '../../../clock.ts';
import { MillraceError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import type { Metadata } from '../port.ts';
import { createAuditTrail } from './audit.ts';
import { connectMongo, type MongoDatabase } from './database.ts';
import { ensureIndexes } from './indexes.ts';
import { createSavedQueries } from './saved-queries.ts';
import { createSubscriptions } from './subscriptions.ts';
import { createTokens } from './tokens.ts';
import { createUsers } from './users.ts';

export interface MongoMetadataOptions {
  /** As MongoDB defines it: `mongodb://user:password@host:port,host:port/?options`, or `mongodb+srv://…`. */
  readonly url: string;
  /** The manifest's field or the variable that holds the URL: named in errors instead of it. */
  readonly where: string;
  /** See `metadataDatabase`. */
  readonly database: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The database of a pipeline. */
export function metadataDatabase(pipeline: string): string {
  return `millrace_${pipeline}`;
}

/** What the documents look like; a later Millrace that changes them counts on. */
const schemaVersion = 1;

/** Makes what is missing. @throws StoreUrlInvalid, StoreUnreachable, StoreDenied, StoreDiffers */
export async function openMongoMetadata(options: MongoMetadataOptions): Promise<Metadata> {
  const database = connectMongo(options);
  try {
    await checkVersion(database, options.clock.now());
    await ensureIndexes(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return {
    ...createUsers(database),
    ...createTokens(database),
    ...createSubscriptions(database),
    ...createSavedQueries(database),
    ...createAuditTrail(database),
    expire: async (now) => {
      let removed = 0;
      for (const name of ['tokens', 'subscriptions', 'audit']) {
        const gone = { expiresAt: { $lte: new Date(now) } };
        removed += await database.ask(`removing expired ${name}`, async () => {
          const { deletedCount } = await database.collection(name).deleteMany(gone);
          return deletedCount;
        });
      }
      return removed;
    },
    close: () => database.close(),
  };
}

async function checkVersion(database: MongoDatabase, now: number): Promise<void> {
  const facts = database.collection<{ _id: string; version: number; madeAt: Date }>('schema');
  const found = await database.ask('reading the schema', () =>
    facts.findOneAndUpdate(
      { _id: 'millrace' },
      { $setOnInsert: { version: schemaVersion, madeAt: new Date(now) } },
      { upsert: true, returnDocument: 'after' },
    ),
  );
  if (found?.version === schemaVersion) return;
  const problem = `it is version ${found?.version}, this Millrace knows ${schemaVersion}`;
  throw new MillraceError('StoreDiffers', { what: 'the schema', store: database.store, problem });
}
