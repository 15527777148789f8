// The metadata in one SQLite file, for `millrace run`. Every write is on the disk before it resolves.

import { guarded, openSqlite, transaction } from '../sqlite.ts';
import { createAuditTrail } from './embedded/audit.ts';
import { createSavedQueries } from './embedded/saved-queries.ts';
import { migrations } from './embedded/schema.ts';
import { createSubscriptions } from './embedded/subscriptions.ts';
import { createTokens } from './embedded/tokens.ts';
import { createUsers } from './embedded/users.ts';
import type { Metadata } from './port.ts';

export interface EmbeddedMetadataOptions {
  /** The SQLite file; made when it is missing. */
  readonly file: string;
}

/** @throws DiskFull, DataFolderDamaged */
export async function openEmbeddedMetadata({ file }: EmbeddedMetadataOptions): Promise<Metadata> {
  const db = openSqlite({ file, migrations, cacheBytes: 1024 * 1024 });
  return guarded(db, () => {
    const expired = ['tokens', 'subscriptions', 'audit'].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE expires_at <= ?`),
    );
    return {
      ...createUsers(db),
      ...createTokens(db),
      ...createSubscriptions(db),
      ...createSavedQueries(db),
      ...createAuditTrail(db),
      expire: async (now) =>
        transaction(db, () => expired.reduce((sum, each) => sum + Number(each.run(now).changes), 0)),
      close: async () => {
        if (db.isOpen) db.close();
      },
    };
  });
}
