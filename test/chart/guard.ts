// The check before `helm uninstall`, run as the kubelet would run its pod, which kwok only plays.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, connect, type KubeObject } from '../kube/api.ts';
import { asAccount, readKubeconfig } from '../kube/kubeconfig.ts';
import { until } from '../kube/world.ts';

interface Place {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly folder: string;
}

interface GuardPod extends KubeObject {
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly {
      readonly command: readonly string[];
      readonly args?: readonly string[];
    }[];
  };
}

/** Waits for the Job's pod, runs what it says, and reports how that ended. `kubeconfig`: an admin's. */
export async function playGuard(kubeconfig: string, namespace: string): Promise<{ readonly said: string }> {
  const admin = connect(kubeconfig);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-guard-'));
  try {
    return await play(admin, { kubeconfig, namespace, folder });
  } finally {
    await admin.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function play(
  admin: Api,
  { kubeconfig, namespace, folder }: Place,
): Promise<{ readonly said: string }> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const pod = await until(async () => {
    const found = await admin.list(`${pods}?labelSelector=app.kubernetes.io/component=uninstall`);
    return found.find(({ status }) => (status as { phase?: string }).phase === 'Running') as
      | GuardPod
      | undefined;
  });
  const [container] = pod.spec.containers;
  assert.deepEqual(container?.command, ['/usr/local/bin/node', '/guard/guard.mjs']);
  const { data } = await admin.get<{ data: Record<string, string> }>(
    `/api/v1/namespaces/${namespace}/configmaps/mill-millrace-uninstall`,
  );
  const login = await asAccount(kubeconfig, { namespace, name: pod.spec.serviceAccountName });
  const { server, authority, credentials } = readKubeconfig(login);
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const child = spawn(
    process.execPath,
    [file('guard.mjs', data['guard.mjs'] ?? ''), ...(container?.args ?? [])],
    {
      env: {
        TOKEN_FILE: file('token', credentials.token ?? ''),
        CA_FILE: file('ca.crt', Buffer.from(authority, 'base64').toString()),
        KUBERNETES_SERVICE_HOST: new URL(server).hostname,
        KUBERNETES_SERVICE_PORT: new URL(server).port,
      },
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const phase = code === 0 ? 'Succeeded' : 'Failed';
  const conditions = [{ type: 'Ready', status: 'False', reason: 'PodCompleted' }];
  await admin.merge(`${pods}/${pod.metadata.name}/status`, { status: { phase, conditions } });
  return { said };
}
