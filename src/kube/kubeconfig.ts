// Which API server, and as whom: a kubeconfig's context, or the ServiceAccount of the pod that this runs in. The entries
// are read by client-node; its KubeConfig is not used, because it brings every generated type (80 MB, one second).

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { Cluster, Context, User } from '@kubernetes/client-node';
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js';
import { load } from 'js-yaml';

export interface ClusterAccess {
  readonly cluster: Cluster;
  readonly user: User;
  /** Of the context or the pod; `default` when neither says. */
  readonly namespace: string;
}

export interface AccessOptions {
  /** File. Default: the files of KUBECONFIG, ~/.kube/config, or inside a pod its ServiceAccount. */
  readonly kubeconfig?: string;
  /** Default: the file's current context. */
  readonly context?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where a pod finds its ServiceAccount. */
  readonly accountFolder?: string;
}

const mountedAt = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws Error that says which file lacks what */
export function findAccess(options: AccessOptions = {}): ClusterAccess {
  const { kubeconfig, context, environment = process.env, accountFolder = mountedAt } = options;
  if (kubeconfig !== undefined) return fromFiles([kubeconfig], context);
  const named = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) return fromFiles(named, context);
  if (environment.KUBERNETES_SERVICE_HOST && existsSync(join(accountFolder, 'token')))
    return fromPod(accountFolder, environment);
  const own = join(environment.HOME ?? homedir(), '.kube/config');
  if (existsSync(own)) return fromFiles([own], context);
  throw new Error(
    'no API server is named: give a kubeconfig (--kubeconfig, KUBECONFIG, ~/.kube/config), or run in a pod with a ServiceAccount token',
  );
}

interface Entries {
  readonly clusters: Cluster[];
  readonly users: User[];
  readonly contexts: Context[];
  readonly current: string | undefined;
}

function fromFiles(files: readonly string[], wanted: string | undefined): ClusterAccess {
  const read = files.map(readEntries);
  const name = wanted ?? read.find(({ current }) => current)?.current;
  const place = files.join(', ');
  if (name === undefined) throw new Error(`${place}: there is no current context; name one`);
  const find = <T extends { readonly name: string }>(
    what: string,
    named: string,
    of: (e: Entries) => T[],
  ): T => {
    const found = read.flatMap(of).find((each) => each.name === named);
    if (!found) throw new Error(`${place}: there is no ${what} ${named}`);
    return found;
  };
  const context = find('context', name, ({ contexts }) => contexts);
  return {
    cluster: find('cluster', context.cluster, ({ clusters }) => clusters),
    user: find('user', context.user, ({ users }) => users),
    namespace: context.namespace ?? 'default',
  };
}

/** Paths inside a kubeconfig are relative to it. */
function readEntries(file: string): Entries {
  const folder = dirname(file);
  const absolute = (path: string | undefined): { readonly path?: string } =>
    path ? { path: resolve(folder, path) } : {};
  const parsed = (load(readFileSync(file, 'utf8')) ?? {}) as Readonly<Record<string, unknown>>;
  const listed = parsed.users;
  const raw = Array.isArray(listed) ? (listed as readonly { user?: { tokenFile?: string } | null }[]) : [];
  const clusters = newClusters(parsed.clusters);
  for (const cluster of clusters) if (cluster.caFile) cluster.caFile = resolve(folder, cluster.caFile);
  const users = newUsers(parsed.users).map((user, index): User => {
    const certFile = absolute(user.certFile).path;
    const keyFile = absolute(user.keyFile).path;
    const tokenFile = absolute(raw[index]?.user?.tokenFile).path;
    const { token, ...rest } = user;
    return {
      ...rest,
      ...(certFile !== undefined && { certFile }),
      ...(keyFile !== undefined && { keyFile }),
      // client-node reads a token file once; as a provider it is read again when it changes.
      ...(tokenFile !== undefined
        ? { authProvider: { name: 'tokenFile', config: { tokenFile } } }
        : token && { token }),
    };
  });
  const current = parsed['current-context'];
  return {
    clusters,
    users,
    contexts: newContexts(parsed.contexts),
    current: typeof current === 'string' && current !== '' ? current : undefined,
  };
}

function fromPod(folder: string, environment: Readonly<Record<string, string | undefined>>): ClusterAccess {
  const host = environment.KUBERNETES_SERVICE_HOST ?? '';
  const port = environment.KUBERNETES_SERVICE_PORT ?? '443';
  const namespaceFile = join(folder, 'namespace');
  return {
    cluster: {
      name: 'pod',
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      caFile: join(folder, 'ca.crt'),
      skipTLSVerify: false,
    },
    user: {
      name: 'pod',
      authProvider: { name: 'tokenFile', config: { tokenFile: join(folder, 'token') } },
    },
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : 'default',
  };
}
