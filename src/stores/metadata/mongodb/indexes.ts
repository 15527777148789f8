// The indexes that the adapter's promises rest on: made when they are missing, and refused when somebody changed one.
// A unique index that is gone would let two users have one name, so this is looked at at every start.

import { MongoServerError } from 'mongodb';
import { MillraceError } from '../../../errors.ts';
import type { MongoDatabase } from './database.ts';
import { violatedIndex } from './explain.ts';

interface Index {
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: true;
  readonly expireAfterSeconds?: 0;
}

/** The server removes a document some time after this; queries do not wait for it. */
const expiry: Index = { name: 'expiry', key: { expiresAt: 1 }, expireAfterSeconds: 0 };

export const collections = {
  users: [{ name: 'name', key: { name: 1 }, unique: true }],
  tokens: [
    { name: 'user_name', key: { userId: 1, name: 1 }, unique: true },
    { name: 'secret', key: { secretHash: 1 }, unique: true },
    expiry,
  ],
  subscriptions: [{ name: 'owner_name', key: { owner: 1, name: 1 }, unique: true }, expiry],
  saved_queries: [{ name: 'owner_name', key: { owner: 1, name: 1 }, unique: true }],
  audit: [{ name: 'newest', key: { at: -1, _id: -1 } }, expiry],
} as const satisfies Record<string, readonly Index[]>;

const conflicts: readonly number[] = [85 /* IndexOptionsConflict */, 86 /* IndexKeySpecsConflict */];

/** @throws StoreDiffers, StoreUnreachable, StoreDenied */
export async function ensureIndexes(database: MongoDatabase): Promise<void> {
  for (const [collection, wanted] of Object.entries(collections)) await ensure(database, collection, wanted);
}

async function ensure(database: MongoDatabase, name: string, wanted: readonly Index[]): Promise<void> {
  const { store, ask } = database;
  const collection = database.collection(name);
  const differs = (index: string, problem: string, cause?: unknown) =>
    new MillraceError('StoreDiffers', { what: `index ${name}.${index}`, store, problem }, { cause });

  const found = (await ask('listing indexes', () => collection.listIndexes().toArray())) as readonly Index[];
  for (const index of wanted) {
    const there = found.find((each) => each.name === index.name);
    if (there && describe(there) !== describe(index)) {
      throw differs(index.name, `it is ${describe(there)}, not ${describe(index)}`);
    }
  }
  const missing = wanted.filter((index) => !found.some((each) => each.name === index.name));
  if (missing.length === 0) return;
  await ask('making indexes', async () => {
    try {
      await collection.createIndexes([...missing]);
    } catch (error) {
      const violated = violatedIndex(error);
      if (violated !== undefined) {
        throw differs(violated, 'it was removed, and documents that it forbids were written since', error);
      }
      if (error instanceof MongoServerError && conflicts.includes(Number(error.code))) {
        throw differs(missing.map((index) => index.name).join(', '), error.message, error);
      }
      throw error;
    }
  });
}

function describe({ key, unique, expireAfterSeconds }: Index): string {
  const fields = Object.entries(key).map(([field, order]) => (order < 0 ? `${field} descending` : field));
  const expires = expireAfterSeconds === undefined ? [] : [`expiring after ${expireAfterSeconds} s`];
  return [unique ? 'unique' : 'plain', 'on', fields.join(', '), ...expires].join(' ');
}
