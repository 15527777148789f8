// How each program of a test cluster is started.

import { join } from 'node:path';
import type { Authority } from './certificates.ts';

export type Flags = Readonly<Record<string, string | number | boolean>>;

const host = '127.0.0.1';

export function toArguments(flags: Flags): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

export function etcdFlags(folder: string, port: number, peerPort: number): Flags {
  const [client, peer] = [`http://${host}:${port}`, `http://${host}:${peerPort}`];
  return {
    'data-dir': join(folder, 'etcd'),
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    // Nobody wants these data after the machine has crashed.
    'unsafe-no-fsync': true,
  };
}

export function apiserverFlags(of: {
  readonly folder: string;
  readonly port: number;
  readonly etcdPort: number;
  readonly authority: Authority;
  readonly auditPolicy: string;
  readonly auditLog: string;
}): Flags {
  const { server, tokens, certificate } = of.authority;
  return {
    'etcd-servers': `http://${host}:${of.etcdPort}`,
    'bind-address': host,
    'advertise-address': host,
    'secure-port': of.port,
    'cert-dir': join(of.folder, 'keys'),
    'tls-cert-file': server.certificate,
    'tls-private-key-file': server.key,
    'client-ca-file': certificate,
    'service-account-key-file': tokens.certificate,
    'service-account-signing-key-file': tokens.key,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-cluster-ip-range': '10.96.0.0/16',
    'authorization-mode': 'Node,RBAC',
    // A loopback address is none for the endpoints of the `kubernetes` Service.
    'endpoint-reconciler-type': 'none',
    'enable-aggregator-routing': false,
    'audit-policy-file': of.auditPolicy,
    'audit-log-path': of.auditLog,
    'audit-log-maxsize': 4_096,
    profiling: false,
  };
}

export function managerFlags(kubeconfig: string, authority: Authority): Flags {
  return {
    kubeconfig,
    'service-account-private-key-file': authority.tokens.key,
    'root-ca-file': authority.certificate,
    'use-service-account-credentials': true,
    'leader-elect': false,
    'secure-port': 0,
    // The defaults of 20 a second would be the bottleneck of every measurement.
    'kube-api-qps': 1_000,
    'kube-api-burst': 2_000,
    'concurrent-deployment-syncs': 20,
    'concurrent-replicaset-syncs': 20,
    'concurrent-statefulset-syncs': 20,
    'horizontal-pod-autoscaler-sync-period': '2s',
    profiling: false,
  };
}

export function schedulerFlags(kubeconfig: string): Flags {
  return {
    kubeconfig,
    'leader-elect': false,
    'secure-port': 0,
    'kube-api-qps': 1_000,
    'kube-api-burst': 2_000,
    profiling: false,
  };
}

export function kwokFlags(kubeconfig: string, stages: string): Flags {
  return {
    kubeconfig,
    config: stages,
    cidr: '10.244.0.1/16',
    'node-ip': host,
    'manage-all-nodes': true,
    'node-lease-duration-seconds': 40,
    'server-address': '',
  };
}
