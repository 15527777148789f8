// A certificate that vouches for itself, for servers that speak TLS: clients are given it as the authority to trust.

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needCommand } from './artefacts.ts';

const run = promisify(execFile);

/** Writes `ca.pem`, and `server.pem` with the key. `names` as OpenSSL takes them: `DNS:localhost,IP:127.0.0.1`. */
export async function makeCertificate(folder: string, names: string): Promise<void> {
  await needCommand('openssl', 'openssl');
  mkdirSync(folder, { recursive: true });
  const [key, ca] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
  const asked = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=localhost'];
  await run('openssl', ['req', ...asked, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', ca]);
  writeFileSync(join(folder, 'server.pem'), Buffer.concat([readFileSync(key), readFileSync(ca)]));
}
