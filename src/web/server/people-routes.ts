// Users, tokens, database accounts and the audit trail over HTTP, for whoever has the data folder's token: this is how `millrace user` and
// `millrace token` reach `millrace run`; `millrace web` refuses them, for its metadata is asked directly.

import Type from 'typebox';
import type { Accounts } from '../../people/accounts.ts';
import { type People, tokenNamePattern, userIdPattern, userNameLimit } from '../../people/people.ts';
import type { Owner } from '../../stores/results/port.ts';
import { about } from './about.ts';
import type { Callers } from './callers.ts';
import type { TypedApp } from './typed-routes.ts';

const closed = { additionalProperties: false };
const UserId = Type.String({ pattern: userIdPattern });
const TokenName = Type.String({ pattern: tokenNamePattern });
const NewUser = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: userNameLimit }), id: Type.Optional(UserId) },
  closed,
);
const Change = Type.Object({ disabled: Type.Boolean() }, closed);
const NewToken = Type.Object(
  { name: TokenName, expiresAt: Type.Optional(Type.Integer({ minimum: 1, maximum: 8.64e15 })) },
  closed,
);
const Page = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  before: Type.Optional(Type.String({ maxLength: 60 })),
});
const OfOwner = Type.Object({
  owner: Type.String({ pattern: `^(cluster|user/${userIdPattern.slice(1, -1)})$` }),
});
const NewAccess = Type.Object({ rotate: Type.Boolean({ default: false }) }, closed);
const OfUser = Type.Object({ id: UserId });
const OfToken = Type.Object({ id: UserId, name: TokenName });

export function routePeople(
  app: TypedApp,
  {
    people,
    accounts,
    callers,
  }: { readonly people: People; readonly accounts: Accounts; readonly callers: Callers },
): void {
  app.get('/api/users', about('All users', { caller: 'folder' }), async (request) => {
    await callers.keeper(request);
    return { users: await people.users() };
  });

  app.post(
    '/api/users',
    { ...about('Add a user', { caller: 'folder', status: 201 }), schema: { body: NewUser } },
    async (request, reply) => {
      await callers.keeper(request);
      return reply.status(201).send(await people.addUser(request.body));
    },
  );

  app.patch(
    '/api/users/:id',
    {
      ...about('Disable a user, or enable it again', { caller: 'folder' }),
      schema: { params: OfUser, body: Change },
    },
    async (request) => {
      await callers.keeper(request);
      return people.setDisabled(request.params.id, request.body.disabled);
    },
  );

  app.get(
    '/api/users/:id/tokens',
    { ...about('A user’s tokens, without their secrets', { caller: 'folder' }), schema: { params: OfUser } },
    async (request) => {
      await callers.keeper(request);
      return { tokens: await people.tokens(request.params.id) };
    },
  );

  app.post(
    '/api/users/:id/tokens',
    {
      ...about('Make a token; its secret is in this answer only', { caller: 'folder', status: 201 }),
      schema: { params: OfUser, body: NewToken },
    },
    async (request, reply) => {
      await callers.keeper(request);
      const made = await people.createToken({ userId: request.params.id, ...request.body });
      return reply.status(201).send(made);
    },
  );

  app.delete(
    '/api/users/:id/tokens/:name',
    { ...about('Revoke a token', { caller: 'folder', status: 204 }), schema: { params: OfToken } },
    async (request, reply) => {
      await callers.keeper(request);
      await people.revokeToken(request.params.id, request.params.name);
      return reply.status(204).send();
    },
  );

  app.put(
    '/api/access/:owner',
    {
      ...about('Give an owner a database account; its password is in this answer only', { caller: 'folder' }),
      schema: { params: OfOwner, body: NewAccess },
    },
    async (request) => {
      await callers.keeper(request);
      return accounts.grant(request.params.owner as Owner, request.body);
    },
  );

  app.delete(
    '/api/access/:owner',
    {
      ...about('Remove an owner’s database account', { caller: 'folder', status: 204 }),
      schema: { params: OfOwner },
    },
    async (request, reply) => {
      await callers.keeper(request);
      await accounts.revoke(request.params.owner as Owner);
      return reply.status(204).send();
    },
  );

  app.get(
    '/api/audit',
    { ...about('The audit trail, newest first', { caller: 'folder' }), schema: { querystring: Page } },
    async (request) => {
      await callers.keeper(request);
      const { entries, next } = await people.audit(request.query);
      return { entries, next: next ?? null };
    },
  );
}
