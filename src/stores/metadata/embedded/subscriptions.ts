// Subscriptions in SQLite.

import type { DatabaseSync } from 'node:sqlite';
import { guarded } from '../../sqlite.ts';
import type {
  MetadataOwner,
  Subscription,
  SubscriptionFilter,
  Subscriptions,
  SubscriptionTopic,
} from '../port.ts';

interface SubscriptionRow {
  readonly owner: string;
  readonly name: string;
  readonly topic: string;
  readonly filter: string | null;
  readonly created_at: number;
  readonly expires_at: number | null;
}

export function createSubscriptions(db: DatabaseSync): Subscriptions {
  const save = db.prepare(
    `INSERT INTO subscriptions (owner, name, topic, filter, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET topic = excluded.topic, filter = excluded.filter, created_at = excluded.created_at,
                                 expires_at = excluded.expires_at`,
  );
  const one = db.prepare(
    'SELECT * FROM subscriptions WHERE owner = ? AND name = ? AND (expires_at IS NULL OR expires_at > ?)',
  );
  const all = db.prepare(
    'SELECT * FROM subscriptions WHERE owner = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY name',
  );
  const remove = db.prepare('DELETE FROM subscriptions WHERE owner = ? AND name = ?');

  return {
    saveSubscription: async ({ owner, name, topic, filter, createdAt, expiresAt }) => {
      const text = filter === undefined ? null : JSON.stringify(filter);
      guarded(db, () => save.run(owner, name, topic, text, createdAt, expiresAt ?? null));
    },
    subscription: async (owner, name, now) => {
      const row = guarded(db, () => one.get(owner, name, now)) as SubscriptionRow | undefined;
      return row && subscriptionOf(row);
    },
    subscriptions: async (owner, now) =>
      guarded(db, () => all.all(owner, now) as unknown as SubscriptionRow[]).map(subscriptionOf),
    deleteSubscription: async (owner, name) => guarded(db, () => remove.run(owner, name)).changes === 1,
  };
}

function subscriptionOf(row: SubscriptionRow): Subscription {
  return {
    owner: row.owner as MetadataOwner,
    name: row.name,
    topic: row.topic as SubscriptionTopic,
    ...(row.filter === null ? {} : { filter: JSON.parse(row.filter) as SubscriptionFilter }),
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  };
}
