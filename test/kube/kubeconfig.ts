// Kubeconfigs of a test cluster: one cluster, one user, and every key inside the file.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { load } from 'js-yaml';
import { connect } from './api.ts';
import type { Pair } from './certificates.ts';

export interface Kubeconfig {
  readonly server: string;
  /** Base64 of PEM. */
  readonly authority: string;
  /** `token`, or `client-certificate-data` and `client-key-data`. */
  readonly credentials: Readonly<Record<string, string>>;
}

interface File {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

export function readKubeconfig(file: string): Kubeconfig {
  const { clusters, users } = load(readFileSync(file, 'utf8')) as File;
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
  if (!cluster || !user) throw new Error(`${file} names no cluster or no user`);
  return {
    server: cluster.server,
    authority: cluster['certificate-authority-data'],
    credentials: user,
  };
}

/** Answers the file. */
export function writeKubeconfig(file: string, { server, authority, credentials }: Kubeconfig): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'test', user: credentials }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
    'current-context': 'test',
  };
  // JSON is YAML.
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return file;
}

export function credentialsOf({ certificate, key }: Pair): Kubeconfig['credentials'] {
  const base64 = (file: string): string => readFileSync(file).toString('base64');
  return { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) };
}

/** The same user by another address: a proxy's on loopback, with the cluster's server certificate (keys/server.*). */
export function throughProxy(kubeconfig: string, server: string): string {
  const file = join(dirname(kubeconfig), `through-${new URL(server).port}.kubeconfig`);
  return writeKubeconfig(file, { ...readKubeconfig(kubeconfig), server });
}

/** A ServiceAccount that exists, with a token for an hour; `kubeconfig` is the admin's. */
export async function asAccount(
  kubeconfig: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const admin = connect(kubeconfig);
  try {
    const { status } = await admin.create<{ readonly status: { readonly token: string } }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } },
    );
    const file = join(dirname(kubeconfig), `${namespace}-${name}.kubeconfig`);
    const { server, authority } = readKubeconfig(kubeconfig);
    return writeKubeconfig(file, { server, authority, credentials: { token: status.token } });
  } finally {
    await admin.close();
  }
}
