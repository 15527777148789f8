// `millrace` commands beside a real API server and the operator as it is, in a namespace of each test's own.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, type TestContext } from 'node:test';
import { dump } from 'js-yaml';
import type { Api, KubeObject } from '../../../test/kube/api.ts';
import { aNamespace } from '../../../test/kube/world.ts';
import { type Ended, startMillrace } from '../../../test/millrace-process.ts';
import { realCluster } from '../../kube/cluster.fixture.ts';
import {
  condition,
  createPipeline,
  installCrd,
  makeSecrets,
  type RunningOperator,
  type SeenCondition,
  specOf,
  startOperator,
} from '../../operator/operator.fixture.ts';

export interface Bench {
  readonly admin: Api;
  readonly space: string;
  readonly kubeconfig: string;
  /** Gone after the tests of the file. */
  readonly folder: string;
  start(): Promise<void>;
  /** The Pipeline `chain`, ready. */
  running(): Promise<void>;
  /** `millrace …` as a user runs it. */
  millrace(t: TestContext, args: readonly string[], kubeconfig?: string): Promise<Ended>;
  is(type: string, wanted: { status?: string; reason?: string }): Promise<SeenCondition>;
  podsOf(component: string): Promise<readonly KubeObject[]>;
  /** A file with the Pipeline `chain`. */
  manifest(changes?: object): string;
}

export function aBench(): Bench {
  const cluster = realCluster();
  const folder = mkdtempSync(join(tmpdir(), 'millrace-commands-'));
  let space = '';
  let operator: RunningOperator | undefined;
  before(() => installCrd(cluster.admin));
  beforeEach(async () => {
    space = await aNamespace(cluster.admin);
  });
  afterEach(async () => {
    await operator?.stop();
    operator = undefined;
  });
  after(() => rmSync(folder, { recursive: true }));

  const start = async (): Promise<void> => {
    const { client } = cluster.connection('operator-test');
    operator = await startOperator({ client, namespace: space });
  };
  const is: Bench['is'] = (type, wanted) => condition(cluster.admin, space, 'chain', type, wanted);
  return {
    get admin() {
      return cluster.admin;
    },
    get space() {
      return space;
    },
    kubeconfig: cluster.kubeconfig,
    ...{ folder, start, is },
    running: async () => {
      await makeSecrets(cluster.admin, space);
      await createPipeline(cluster.admin, space, 'chain');
      await start();
      await is('Ready', { status: 'True' });
    },
    millrace: (t, args, kubeconfig = cluster.kubeconfig) =>
      startMillrace(t, [...args, '-n', space, '--kubeconfig', kubeconfig]).ended,
    podsOf: (component) =>
      cluster.admin.list(
        `/api/v1/namespaces/${space}/pods?labelSelector=app.kubernetes.io/component=${component}`,
      ),
    manifest: (changes = {}) => {
      const file = join(folder, `${space}.yaml`);
      const manifest = { apiVersion: 'millrace.dev/v1alpha1', kind: 'Pipeline', metadata: { name: 'chain' } };
      writeFileSync(file, dump({ ...manifest, spec: { ...specOf(), ...changes } }));
      return file;
    },
  };
}
