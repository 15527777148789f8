// Who a kubeconfig's user is, in headers and a client certificate. Plugins and token files are client-node's; they are
// asked again before what they gave runs out, and when the server refuses it, so that rotation needs no restart.

import { readFileSync } from 'node:fs';
import type { User } from '@kubernetes/client-node';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { FileAuth } from '@kubernetes/client-node/dist/file_auth.js';
import { ApiError } from './api-error.ts';

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  readonly certificate?: ClientCertificate;
}

export interface Credentials {
  /** @throws ApiError `unauthorized` when there is none */
  current(): Promise<Credential>;
  /** The server said 401: what is kept is forgotten. */
  refused(): void;
}

/** What client-node's authenticators fill in. */
interface Filled {
  headers: Record<string, string>;
  cert?: string;
  key?: string;
}

interface Authenticator {
  isAuthProvider(user: User): boolean;
  applyAuthentication(user: User, options: Filled): Promise<void>;
}

/** Plugins and files keep what they have for longer; asking them for every request costs more than it brings. */
const keptMs = 10_000;

export function createCredentials(user: User, now: () => number): Credentials {
  let kept: { readonly at: number; readonly credential: Promise<Credential> } | undefined;
  let authenticator: Promise<Authenticator | undefined> | undefined;
  const read = async (): Promise<Credential> => {
    try {
      authenticator ??= authenticatorOf(user);
      return await credentialOf(user, await authenticator);
    } catch (error) {
      kept = undefined;
      const problem = error instanceof Error ? error.message.trim() : String(error);
      throw new ApiError('unauthorized', `no credentials of user ${user.name}: ${problem}`, { cause: error });
    }
  };
  return {
    current() {
      if (!kept || now() - kept.at >= keptMs) kept = { at: now(), credential: read() };
      return kept.credential;
    },
    refused() {
      kept = undefined;
      authenticator = undefined;
    },
  };
}

async function credentialOf(user: User, authenticator: Authenticator | undefined): Promise<Credential> {
  const filled: Filled = { headers: {} };
  await authenticator?.applyAuthentication(user, filled);
  const headers = filled.headers;
  if (user.token) headers.Authorization = `Bearer ${user.token}`;
  if (user.username) {
    const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
    headers.Authorization = `Basic ${pair}`;
  }
  if (user.impersonateUser) headers['Impersonate-User'] = user.impersonateUser;
  const cert = filled.cert ?? textOf(user.certFile, user.certData);
  const key = filled.key ?? textOf(user.keyFile, user.keyData);
  const trimmed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim()]));
  return { headers: trimmed, ...(cert !== undefined && key !== undefined && { certificate: { cert, key } }) };
}

/** Fresh ones each time: they keep tokens. OpenID's brings all of client-node with it, 80 MB, so only its users pay. */
async function authenticatorOf(user: User): Promise<Authenticator | undefined> {
  const known: Authenticator[] = [new FileAuth(), new ExecAuth()];
  const found = known.find((each) => each.isAuthProvider(user));
  if (found || !user.authProvider) return found;
  const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js');
  const openId: Authenticator = new OpenIDConnectAuth();
  if (openId.isAuthProvider(user)) return openId;
  throw new Error(`the auth provider ${user.authProvider.name} is not known; use an exec plugin`);
}

function textOf(file: string | undefined, data: string | undefined): string | undefined {
  if (file) return readFileSync(file, 'utf8');
  return data ? Buffer.from(data, 'base64').toString('utf8') : undefined;
}
