// Subscriptions in MongoDB.

import type {
  MetadataOwner,
  Subscription,
  SubscriptionFilter,
  Subscriptions,
  SubscriptionTopic,
} from '../port.ts';
import type { MongoDatabase } from './database.ts';
import { expiresAtOf, live } from './live.ts';
import { replaceOrInsert } from './upsert.ts';

interface SubscriptionDocument {
  readonly owner: string;
  readonly name: string;
  readonly topic: string;
  readonly filter?: SubscriptionFilter;
  readonly createdAt: Date;
  readonly expiresAt?: Date | null;
}

export function createSubscriptions({ collection, ask }: MongoDatabase): Subscriptions {
  const subscriptions = collection<SubscriptionDocument>('subscriptions');
  return {
    saveSubscription: ({ createdAt, expiresAt, ...rest }) =>
      ask('saving a subscription', () =>
        replaceOrInsert(
          subscriptions,
          { owner: rest.owner, name: rest.name },
          {
            ...rest,
            createdAt: new Date(createdAt),
            ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
          },
        ),
      ),
    subscription: async (owner, name, now) => {
      const query = () => subscriptions.findOne({ owner, name, ...live(now) });
      const found = await ask('reading subscriptions', query);
      return found ? subscriptionOf(found) : undefined;
    },
    subscriptions: async (owner, now) => {
      const query = () => subscriptions.find({ owner, ...live(now) }).sort({ name: 1 });
      return (await ask('reading subscriptions', () => query().toArray())).map(subscriptionOf);
    },
    deleteSubscription: async (owner, name) =>
      (await ask('deleting a subscription', () => subscriptions.deleteOne({ owner, name }))).deletedCount ===
      1,
  };
}

function subscriptionOf(document: SubscriptionDocument): Subscription {
  const { owner, name, topic, filter, createdAt } = document;
  return {
    owner: owner as MetadataOwner,
    name,
    topic: topic as SubscriptionTopic,
    ...(filter ? { filter } : {}),
    createdAt: createdAt.getTime(),
    ...expiresAtOf(document),
  };
}
