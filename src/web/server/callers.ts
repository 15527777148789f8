// Who asks: the data folder's token, a user's token, or this server's own page. What people leave here belongs to the
// user whose token it is, and otherwise to the whole team.

import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { AuditRecorder } from '../../people/audit-recorder.ts';
import { hashSecret, isSecret } from '../../people/token-secret.ts';
import type { AuditEntry, Metadata, MetadataOwner } from '../../stores/metadata/port.ts';
import { bearerOf, isLoopback, sameSecret } from './request-guard.ts';

export interface Caller {
  /** Whose queries and subscriptions these are. */
  readonly owner: MetadataOwner;
  /** For the audit trail. */
  readonly who: AuditEntry['who'];
}

/** Whose results a caller may read. */
export type ReadableOwners = (owner: string) => boolean;

export interface Callers {
  /**
   * For what changes or costs something: a token, or this server's own page while the server is on loopback only. A page
   * cannot fake its Origin, and the JSON content type makes a browser ask before a foreign one may send.
   * @throws RequestRefused, StoreUnreachable
   */
  required(request: FastifyRequest): Promise<Caller>;
  /** For reading: without a token the team's own, which is as open as the log. @throws RequestRefused, StoreUnreachable */
  reading(request: FastifyRequest): Promise<Caller>;
  /**
   * For results: the team's without a token, a user's with a token of that user, all with the data folder's. A server that
   * only this machine reaches has one person before it, who reads all. @throws RequestRefused, StoreUnreachable
   */
  readable(request: FastifyRequest): Promise<ReadableOwners>;
  /** For what only the keeper of this process may do: the data folder's token. @throws RequestRefused */
  keeper(request: FastifyRequest): Promise<Caller>;
}

/** Wrong tokens that the audit trail takes in a minute: who guesses must not fill it. */
const refusedPerMinute = 60;

export function createCallers(options: {
  /** The data folder's; a server without such a folder has none. */
  readonly token: string | undefined;
  readonly host: string;
  /** Of what is not a user's. */
  readonly queryOwner: MetadataOwner;
  readonly metadata: Metadata;
  readonly audit: AuditRecorder;
  readonly clock: Clock;
}): Callers {
  const { token, host, queryOwner, metadata, audit, clock } = options;
  const page: Caller = { owner: queryOwner, who: 'page' };
  const folder: Caller = { owner: queryOwner, who: 'folder' };
  let refused = { minute: 0, count: 0 };

  async function holderOf(secret: string): Promise<Caller | undefined> {
    if (token !== undefined && sameSecret(secret, token)) return folder;
    if (!isSecret(secret)) return undefined;
    const holder = await metadata.tokenHolder(hashSecret(secret), clock.now());
    if (!holder) return undefined;
    const owner: MetadataOwner = `user/${holder.user.id}`;
    return { owner, who: owner };
  }

  async function refuse(request: FastifyRequest, problem: string): Promise<never> {
    const minute = Math.floor(clock.now() / 60_000);
    refused = { minute, count: refused.minute === minute ? refused.count + 1 : 1 };
    if (refused.count <= refusedPerMinute) {
      const what = `${request.ip} ${request.method} ${request.routeOptions.url ?? ''}`;
      await audit.record({ who: 'unknown', action: 'login', what }, 'refused');
    }
    throw new MillraceError('RequestRefused', { problem });
  }

  async function callerOf(request: FastifyRequest, without: Caller | undefined): Promise<Caller> {
    const secret = bearerOf(request);
    if (secret !== undefined)
      return (
        (await holderOf(secret)) ??
        refuse(request, 'the token is wrong or has ended, or its user is disabled')
      );
    if (without) return without;
    throw new MillraceError('RequestRefused', { problem: 'the request carries no token' });
  }

  return {
    required: (request) => {
      const ownPage = isLoopback(host) && request.headers.origin !== undefined;
      return callerOf(request, ownPage ? page : undefined);
    },
    reading: (request) => callerOf(request, page),
    readable: async (request) => {
      if (isLoopback(host)) return () => true;
      const { owner, who } = await callerOf(request, page);
      if (who === 'folder') return () => true;
      return (of) => of === 'cluster' || (who !== 'page' && of === owner);
    },
    keeper: async (request) => {
      if (token === undefined) {
        const problem =
          'users, tokens and the audit trail are kept on the command line: millrace user, token and audit, with -f and the manifest';
        throw new MillraceError('RequestRefused', { problem });
      }
      const caller = await callerOf(request, undefined);
      if (caller.who === 'folder') return caller;
      throw new MillraceError('RequestRefused', { problem: 'this takes the token of the data folder' });
    },
  };
}
