// Who a test cluster knows: one authority, a certificate for the API server and one for each client.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needCommand } from '../servers/artefacts.ts';

const run = promisify(execFile);
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
const serverNames =
  'subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc,DNS:kubernetes.default';

export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority {
  /** File of the certificate that all others are signed with. */
  readonly certificate: string;
  /** The same, base64 of PEM. */
  readonly encoded: string;
  /** Signs tokens of ServiceAccounts. */
  readonly tokens: Pair;
  readonly server: Pair;
  /** Of a client: its user name, and its groups. */
  issue(user: string, groups: readonly string[]): Promise<Pair>;
}

export async function createAuthority(folder: string): Promise<Authority> {
  await needCommand('openssl', 'openssl');
  const pair = (name: string): Pair => ({
    certificate: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  });
  const own = pair('authority');
  const request = async (to: Pair, subject: string, extra: readonly string[]): Promise<Pair> => {
    const files = ['-keyout', to.key, '-out', to.certificate];
    await run('openssl', ['req', '-x509', ...curve, '-subj', subject, ...files, ...extra]);
    return to;
  };
  const signed = ['-CA', own.certificate, '-CAkey', own.key, '-addext', 'basicConstraints=critical,CA:FALSE'];

  await request(own, '/CN=millrace-test', []);
  const [server, tokens] = await Promise.all([
    request(pair('server'), '/CN=kube-apiserver', [...signed, '-addext', serverNames]),
    request(pair('tokens'), '/CN=tokens', []),
  ]);
  return {
    certificate: own.certificate,
    encoded: readFileSync(own.certificate).toString('base64'),
    tokens,
    server,
    issue: (user, groups) => {
      const subject = `${groups.map((group) => `/O=${group}`).join('')}/CN=${user}`;
      return request(pair(user.replace(/^system:/, '')), subject, signed);
    },
  };
}
