// Tokens in MongoDB. Whether a secret opens anything is one aggregation over the token and its user.

import { MillraceError } from '../../../errors.ts';
import { lastUsedStepMs, type Token, type Tokens } from '../port.ts';
import type { MongoDatabase } from './database.ts';
import { violatedIndex } from './explain.ts';
import { expiresAtOf, live } from './live.ts';
import { type UserDocument, userOf } from './users.ts';

interface TokenDocument {
  readonly userId: string;
  readonly name: string;
  readonly secretHash: string;
  readonly createdAt: Date;
  readonly expiresAt?: Date | null;
  readonly lastUsedAt?: Date | null;
}

export function createTokens({ collection, ask }: MongoDatabase): Tokens {
  const tokens = collection<TokenDocument>('tokens');
  return {
    createToken: ({ userId, name, secretHash, createdAt, expiresAt }) =>
      ask('making a token', async () => {
        await tokens.deleteOne({ userId, name, expiresAt: { $lte: new Date(createdAt) } });
        try {
          await tokens.insertOne({
            userId,
            name,
            secretHash,
            createdAt: new Date(createdAt),
            ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
          });
        } catch (error) {
          if (violatedIndex(error) === undefined) throw error;
          throw new MillraceError('TokenExists', { user: userId, name }, { cause: error });
        }
      }),

    tokens: async (userId, now) => {
      const query = () => tokens.find({ userId, ...live(now) }).sort({ name: 1 });
      return (await ask('reading tokens', () => query().toArray())).map(tokenOf);
    },

    tokenHolder: (secretHash, now) =>
      ask('reading tokens', async () => {
        const [found] = await tokens
          .aggregate<TokenDocument & { readonly user: UserDocument }>([
            { $match: { secretHash, ...live(now) } },
            { $lookup: { from: 'users', localField: 'userId', foreignField: '_id', as: 'user' } },
            { $unwind: '$user' },
            { $match: { 'user.disabled': false } },
          ])
          .toArray();
        if (!found) return undefined;
        const stale = new Date(now - lastUsedStepMs);
        if (!found.lastUsedAt || found.lastUsedAt <= stale) {
          // Of many requests at once the first one writes; a late one finds a newer time and changes nothing.
          const unless = { $or: [{ lastUsedAt: null }, { lastUsedAt: { $lte: stale } }] };
          await tokens.updateOne({ secretHash, ...unless }, { $set: { lastUsedAt: new Date(now) } });
        }
        return { user: userOf(found.user), token: tokenOf(found) };
      }),

    revokeToken: async (userId, name) =>
      (await ask('revoking a token', () => tokens.deleteOne({ userId, name }))).deletedCount === 1,
  };
}

function tokenOf(document: TokenDocument): Token {
  const { userId, name, createdAt, lastUsedAt } = document;
  return {
    userId,
    name,
    createdAt: createdAt.getTime(),
    ...expiresAtOf(document),
    ...(lastUsedAt ? { lastUsedAt: lastUsedAt.getTime() } : {}),
  };
}
