// Users in MongoDB.

import { MillraceError } from '../../../errors.ts';
import type { User, Users } from '../port.ts';
import type { MongoDatabase } from './database.ts';
import { violatedIndex } from './explain.ts';

export interface UserDocument {
  readonly _id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly disabled: boolean;
}

export function userOf({ _id, name, createdAt, disabled }: UserDocument): User {
  return { id: _id, name, createdAt: createdAt.getTime(), disabled };
}

export function createUsers({ collection, ask }: MongoDatabase): Users {
  const users = collection<UserDocument>('users');
  const found = (document: UserDocument | null) => (document ? userOf(document) : undefined);
  return {
    createUser: ({ id, name, createdAt, disabled }) =>
      ask('adding a user', async () => {
        try {
          await users.insertOne({ _id: id, name, createdAt: new Date(createdAt), disabled });
        } catch (error) {
          if (violatedIndex(error) === undefined) throw error;
          throw new MillraceError('UserExists', { name, id }, { cause: error });
        }
      }),
    user: async (id) => found(await ask('reading users', () => users.findOne({ _id: id }))),
    userNamed: async (name) => found(await ask('reading users', () => users.findOne({ name }))),
    users: async () =>
      (await ask('reading users', () => users.find().sort({ name: 1 }).toArray())).map(userOf),
    setUserDisabled: async (id, disabled) =>
      found(
        await ask('changing a user', () =>
          users.findOneAndUpdate({ _id: id }, { $set: { disabled } }, { returnDocument: 'after' }),
        ),
      ),
  };
}
