// Who may use Millrace: users and their tokens, each change written into the audit trail.

import type { Clock } from '../clock.ts';
import { MillraceError } from '../errors.ts';
import type { AuditEntry, AuditPage, Metadata, Token, User } from '../stores/metadata/port.ts';
import type { AuditRecorder } from './audit-recorder.ts';
import { hashSecret, newSecret } from './token-secret.ts';

/** As in a processor's `owner: user/<id>`. */
export const userIdPattern = '^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$';
export const tokenNamePattern = '^[a-z0-9][a-z0-9-]{0,63}$';
export const userNameLimit = 120;

export interface NewTokenRequest {
  readonly userId: string;
  readonly name: string;
  /** Milliseconds since 1970; absent: never. */
  readonly expiresAt?: number;
}

export interface People {
  /** Without an id: made from the name. @throws UserExists, RequestInvalid */
  addUser(user: { readonly name: string; readonly id?: string }): Promise<User>;
  /** By name. */
  users(): Promise<readonly User[]>;
  /** @throws UserUnknown */
  setDisabled(userId: string, disabled: boolean): Promise<User>;
  /** The secret is told this once. @throws UserUnknown, TokenExists, RequestInvalid */
  createToken(token: NewTokenRequest): Promise<{ readonly secret: string; readonly token: Token }>;
  tokens(userId: string): Promise<readonly Token[]>;
  /** @throws TokenUnknown */
  revokeToken(userId: string, name: string): Promise<void>;
  audit(page: { readonly limit: number; readonly before?: string }): Promise<AuditPage>;
}

export function createPeople(deps: {
  readonly metadata: Metadata;
  readonly audit: AuditRecorder;
  readonly clock: Clock;
  /** Who changes things through this. */
  readonly who: AuditEntry['who'];
}): People {
  const { metadata, audit, clock, who } = deps;
  return {
    addUser: async ({ name, id = idFrom(name) }) => {
      checkUser(name, id);
      const user: User = { id, name, createdAt: clock.now(), disabled: false };
      await audit.around({ who, action: 'user.add', what: `user/${id} ${name}` }, () =>
        metadata.createUser(user),
      );
      return user;
    },
    users: () => metadata.users(),
    setDisabled: (userId, disabled) =>
      audit.around(
        { who, action: disabled ? 'user.disable' : 'user.enable', what: `user/${userId}` },
        async () => (await metadata.setUserDisabled(userId, disabled)) ?? unknownUser(userId),
      ),
    createToken: async ({ userId, name, expiresAt }) => {
      const createdAt = clock.now();
      check(new RegExp(tokenNamePattern).test(name), `${JSON.stringify(name)} is no name of a token`);
      check(expiresAt === undefined || expiresAt > createdAt, 'the token would have expired already');
      const secret = newSecret();
      const token: Token = { userId, name, createdAt, ...(expiresAt === undefined ? {} : { expiresAt }) };
      const until = expiresAt === undefined ? 'for ever' : `until ${new Date(expiresAt).toISOString()}`;
      await audit.around(
        { who, action: 'token.create', what: `user/${userId} ${name} ${until}` },
        async () => {
          // A user is never removed, so what is found stays.
          if (!(await metadata.user(userId))) unknownUser(userId);
          await metadata.createToken({ ...token, secretHash: hashSecret(secret) });
        },
      );
      return { secret, token };
    },
    tokens: async (userId) => metadata.tokens(userId, clock.now()),
    revokeToken: (userId, name) =>
      audit.around({ who, action: 'token.revoke', what: `user/${userId} ${name}` }, async () => {
        if (!(await metadata.revokeToken(userId, name)))
          throw new MillraceError('TokenUnknown', { user: userId, name });
      }),
    audit: (page) => metadata.audit({ ...page, now: clock.now() }),
  };
}

/** `Zoë Ng` → `zoe-ng`. */
function idFrom(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
}

function checkUser(name: string, id: string): void {
  const printable = name.trim() === name && /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u.test(name);
  check(
    printable && name.length <= userNameLimit,
    `a user's name has 1 to ${userNameLimit} printable characters`,
  );
  check(
    new RegExp(userIdPattern).test(id),
    `${JSON.stringify(id)} is no id of a user: give 1 to 40 lower-case letters, digits and dashes`,
  );
}

function check(good: boolean, problem: string): void {
  if (!good) throw new MillraceError('RequestInvalid', { problem });
}

function unknownUser(name: string): never {
  throw new MillraceError('UserUnknown', { name });
}
