// A real Kubernetes for tests: etcd, API server, controller manager, scheduler, and kwok in place of kubelets. Pods get
// scheduled over three zones and are Ready at once, or as stages.yaml says; everything else is the real thing.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type ServerProcess, startServer } from '../servers/server-process.ts';
import { type Api, connect } from './api.ts';
import { auditPolicy } from './audit.ts';
import { programs } from './binaries.ts';
import { createAuthority } from './certificates.ts';
import {
  apiserverFlags,
  etcdFlags,
  type Flags,
  kwokFlags,
  managerFlags,
  schedulerFlags,
  toArguments,
} from './flags.ts';
import { credentialsOf, writeKubeconfig } from './kubeconfig.ts';

export interface KubeOptions {
  /** Keys, data, settings and log files; a fresh one each time. */
  readonly folder: string;
  /** Hears what takes a while. */
  readonly say: (line: string) => void;
  /** Outlives this process. */
  readonly detached: boolean;
  /** 1 unless given. */
  readonly nodesPerZone?: number;
}

export interface KubeCluster {
  readonly server: string;
  /** Of a member of system:masters. */
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly processes: Readonly<Record<Part, ServerProcess>>;
  stop(): Promise<void>;
}

export type Part = 'etcd' | 'apiserver' | 'manager' | 'scheduler' | 'kwok';
export const zones = ['zone-a', 'zone-b', 'zone-c'] as const;

const host = '127.0.0.1';
const readyMs = 60_000;
const stages = new URL('stages.yaml', import.meta.url).pathname;

export async function startCluster(options: KubeOptions): Promise<KubeCluster> {
  const { folder, say, detached } = options;
  const [kubernetes, etcd, kwok] = [
    await programs('kubernetes', say),
    await programs('etcd', say),
    await programs('kwok', say),
  ];
  const keys = join(folder, 'keys');
  mkdirSync(keys, { recursive: true });
  const authority = await createAuthority(keys);
  const [etcdPort, peerPort, port] = [await freePort(host), await freePort(host), await freePort(host)];
  const server = `https://${host}:${port}`;
  const login = async (user: string, groups: readonly string[] = []): Promise<string> =>
    writeKubeconfig(join(folder, `${user.replace(/^system:/, '')}.kubeconfig`), {
      server,
      authority: authority.encoded,
      credentials: credentialsOf(await authority.issue(user, groups)),
    });
  const kubeconfig = await login('admin', ['system:masters']);
  const auditLog = auditLogOf(kubeconfig);
  const policy = join(folder, 'audit-policy.json');
  writeFileSync(policy, JSON.stringify(auditPolicy));

  const processes = new Map<Part, ServerProcess>();
  const start = async (part: Part, command: string, flags: Flags, ready: RegExp): Promise<void> => {
    const logFile = join(folder, `${part}.log`);
    const args = toArguments(flags);
    processes.set(
      part,
      await startServer({ name: part, command, args, cwd: folder, logFile, ready }, { detached }),
    );
  };
  // Clients before what they talk to.
  const stop = async (): Promise<void> => {
    await Promise.all((['kwok', 'scheduler', 'manager'] as const).map((part) => processes.get(part)?.stop()));
    await processes.get('apiserver')?.stop();
    await processes.get('etcd')?.stop();
  };

  const admin = connect(kubeconfig);
  try {
    const serving = /ready to serve client requests/;
    await start('etcd', join(etcd, 'etcd'), etcdFlags(folder, etcdPort, peerPort), serving);
    const flags = apiserverFlags({ folder, port, etcdPort, authority, auditPolicy: policy, auditLog });
    await start('apiserver', join(kubernetes, 'kube-apiserver'), flags, /Serving securely on/);
    await until('the API server', async () => (await admin.request('GET', '/readyz')).status === 200);
    await addNodes(admin, options.nodesPerZone ?? 1);
    const [managerConfig, schedulerConfig, kwokConfig] = [
      await login('system:kube-controller-manager'),
      await login('system:kube-scheduler'),
      await login('kwok', ['system:masters']),
    ];
    const [manager, scheduler] = ['kube-controller-manager', 'kube-scheduler'].map((name) =>
      join(kubernetes, name),
    );
    await Promise.all([
      start('manager', manager ?? '', managerFlags(managerConfig, authority), /Started controller/),
      start('scheduler', scheduler ?? '', schedulerFlags(schedulerConfig), /Starting Kubernetes Scheduler/),
      start('kwok', join(kwok, 'kwok'), kwokFlags(kwokConfig, stages), /\n/),
    ]);
    await until('the nodes', () => nodesReady(admin));
    await until('the default ServiceAccount', async () => {
      const account = '/api/v1/namespaces/default/serviceaccounts/default';
      return (await admin.request('GET', account)).status === 200;
    });
  } catch (error) {
    await stop();
    throw error;
  } finally {
    await admin.close();
  }
  return {
    server,
    kubeconfig,
    auditLog,
    processes: Object.fromEntries(processes) as Record<Part, ServerProcess>,
    stop,
  };
}

/** Where the cluster of an admin's kubeconfig writes who wrote what. */
export function auditLogOf(kubeconfig: string): string {
  return join(dirname(kubeconfig), 'audit.log');
}

async function addNodes(admin: Api, perZone: number): Promise<void> {
  const names = zones.flatMap((zone) =>
    Array.from({ length: perZone }, (_, index) => ({ zone, name: `${zone}-${index + 1}` })),
  );
  await Promise.all(
    names.map(({ zone, name }) =>
      admin.create('/api/v1/nodes', {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name,
          labels: {
            'kubernetes.io/hostname': name,
            'kubernetes.io/os': 'linux',
            'kubernetes.io/arch': 'amd64',
            'topology.kubernetes.io/region': 'test',
            'topology.kubernetes.io/zone': zone,
          },
        },
      }),
    ),
  );
  await admin.create('/apis/storage.k8s.io/v1/storageclasses', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name: 'standard',
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
    provisioner: 'volumes.millrace.test',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  });
}

async function nodesReady(admin: Api): Promise<boolean> {
  const nodes = await admin.list('/api/v1/nodes');
  return nodes.every(({ status, spec }) => {
    const { conditions = [] } = status as { conditions?: { type: string; status: string }[] };
    // The controller manager takes its taints off once it has seen the node.
    const { taints = [] } = spec as { taints?: unknown[] };
    return taints.length === 0 && conditions.some((each) => each.type === 'Ready' && each.status === 'True');
  });
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + readyMs;
  let failure: unknown;
  while (performance.now() < deadline) {
    try {
      if (await done()) return;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await sleep(25);
  }
  throw new Error(`${what}: not ready after ${readyMs / 1_000} s`, { cause: failure });
}
