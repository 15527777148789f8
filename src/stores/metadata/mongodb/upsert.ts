// Make or replace one document under a unique key. Two that make the same one at once meet at the unique index: the
// later one is refused there, and then replaces what it found.

import type { Collection, Document, Filter, WithoutId } from 'mongodb';
import { violatedIndex } from './explain.ts';

export async function replaceOrInsert<T extends Document>(
  collection: Collection<T>,
  key: Filter<T>,
  document: WithoutId<T>,
): Promise<void> {
  try {
    await collection.replaceOne(key, document, { upsert: true });
  } catch (error) {
    if (violatedIndex(error) === undefined) throw error;
    await collection.replaceOne(key, document, { upsert: true });
  }
}
