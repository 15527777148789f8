// Saved queries in MongoDB.

import type { SavedQueries, SavedQuery } from '../port.ts';
import type { MongoDatabase } from './database.ts';
import { replaceOrInsert } from './upsert.ts';

interface QueryDocument extends Omit<SavedQuery, 'savedAt'> {
  readonly savedAt: Date;
}

export function createSavedQueries({ collection, ask }: MongoDatabase): SavedQueries {
  const queries = collection<QueryDocument>('saved_queries');
  return {
    saveQuery: ({ owner, name, sql, savedAt }) =>
      ask('saving a query', () =>
        replaceOrInsert(queries, { owner, name }, { owner, name, sql, savedAt: new Date(savedAt) }),
      ),
    savedQuery: async (owner, name) => {
      const found = await ask('reading saved queries', () => queries.findOne({ owner, name }));
      return found ? queryOf(found) : undefined;
    },
    savedQueries: async (owner) => {
      const query = () => queries.find({ owner }).sort({ name: 1 });
      return (await ask('reading saved queries', () => query().toArray())).map(queryOf);
    },
    deleteQuery: async (owner, name) =>
      (await ask('deleting a query', () => queries.deleteOne({ owner, name }))).deletedCount === 1,
  };
}

function queryOf({ owner, name, sql, savedAt }: QueryDocument): SavedQuery {
  return { owner, name, sql, savedAt: savedAt.getTime() };
}
