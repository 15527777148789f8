// Users and tokens of a pipeline that runs, through its API.

import type { Accounts } from '../../people/accounts.ts';
import type { People } from '../../people/people.ts';
import type { AuditEntry, Token, User } from '../../stores/metadata/port.ts';
import type { Credentials } from '../../stores/results/access.ts';
import type { Ask } from '../query/ask-owner.ts';

const path = (...parts: readonly string[]) => ['api', ...parts.map(encodeURIComponent)].join('/');

export function accountsThroughOwner(ask: Ask): Accounts {
  return {
    grant: async (owner, options) => (await ask('PUT', path('access', owner), options)) as Credentials,
    revoke: async (owner) => {
      await ask('DELETE', path('access', owner));
    },
  };
}

export function peopleThroughOwner(ask: Ask): People {
  return {
    addUser: async (user) => (await ask('POST', path('users'), user)) as User,
    users: async () => ((await ask('GET', path('users'))) as { users: readonly User[] }).users,
    setDisabled: async (userId, disabled) =>
      (await ask('PATCH', path('users', userId), { disabled })) as User,
    createToken: async ({ userId, ...token }) =>
      (await ask('POST', path('users', userId, 'tokens'), token)) as { secret: string; token: Token },
    tokens: async (userId) =>
      ((await ask('GET', path('users', userId, 'tokens'))) as { tokens: readonly Token[] }).tokens,
    revokeToken: async (userId, name) => {
      await ask('DELETE', path('users', userId, 'tokens', name));
    },
    audit: async ({ limit, before }) => {
      const query = new URLSearchParams({
        limit: String(limit),
        ...(before === undefined ? {} : { before }),
      });
      const { entries, next } = (await ask('GET', `api/audit?${query}`)) as {
        entries: readonly AuditEntry[];
        next: string | null;
      };
      return { entries, next: next ?? undefined };
    },
  };
}
