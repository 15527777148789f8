// Pods that come and go with the lag, on the real API server. The pods are kwok's, so what they would answer is answered
// here, by a role's own server of /metrics.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../../../test/kube/api.ts';
import { aNamespace } from '../../../test/kube/world.ts';
import { systemClock } from '../../clock.ts';
import { type HealthServer, startHealthServer } from '../../commands/roles/health-server.ts';
import { realCluster } from '../../kube/cluster.fixture.ts';
import { createMetrics } from '../../metrics.ts';
import { createHealth } from '../../status/health.ts';
import { instanceLabel } from '../names.ts';
import {
  condition,
  createPipeline,
  installCrd,
  makeSecrets,
  pipelinePath,
  type RunningOperator,
  specOf,
  startOperator,
} from '../operator.fixture.ts';
import { createLagSource } from './lag-source.ts';
import { readEveryMs } from './scaling.ts';

const MiB = 2 ** 20;
const cluster = realCluster();
let admin: Api;
let space: string;
let lagBytes = 0;
let pod: HealthServer;
let operator: RunningOperator;

/** `chain` has pods that answer, those of `dark` know nothing. */
before(async () => {
  admin = cluster.admin;
  await installCrd(admin);
  const metrics = createMetrics({ role: 'record', pipeline: 'chain' });
  const labels = ['group', 'topic'];
  const figure = (value: () => number) => () => [{ labels: { group: 'g', topic: 't' }, value: value() }];
  metrics.gauge(
    { name: 'millrace_lag_records', help: 'h', labels },
    figure(() => 1),
  );
  metrics.gauge(
    { name: 'millrace_lag_bytes', help: 'h', labels },
    figure(() => lagBytes),
  );
  metrics.gauge(
    { name: 'millrace_lag_seconds', help: 'h', labels },
    figure(() => 1),
  );
  const health = createHealth({ clock: systemClock });
  pod = await startHealthServer({ host: '127.0.0.1', port: 0, health, metrics });
  space = await aNamespace(admin);
  await makeSecrets(admin, space);
  const spec = specOf({ recorder: { replicas: { min: 1, preferred: 2, max: 4 } } });
  for (const name of ['chain', 'dark']) await createPipeline(admin, space, name, spec);
  const source = createLagSource(({ metadata }) =>
    metadata.labels?.[instanceLabel] === 'chain' ? `127.0.0.1:${pod.port}` : undefined,
  );
  operator = await startOperator({
    client: cluster.connection('operator-test').client,
    namespace: space,
    source,
  });
  for (const name of ['chain', 'dark']) await condition(admin, space, name, 'Ready', { status: 'True' });
});
after(async () => {
  await operator?.stop();
  await pod?.close();
});

const deployment = (name: string) => `/apis/apps/v1/namespaces/${space}/deployments/${name}`;
const replicasOf = async (name: string): Promise<number> =>
  ((await admin.get(deployment(name))).spec as { readonly replicas: number }).replicas;
const scale = (path: string, replicas: number) => admin.merge(`${path}/scale`, { spec: { replicas } });

/** Within what two readings and a reconcile may take. */
async function becomes(name: string, wanted: number, withinMs = 4 * readEveryMs): Promise<void> {
  const deadline = performance.now() + withinMs;
  while ((await replicasOf(name)) !== wanted) {
    assert.ok(performance.now() < deadline, `${name}: ${await replicasOf(name)}, not ${wanted}`);
    await sleep(200);
  }
}

describe('elastic sizes', { concurrency: true }, () => {
  it('recorders follow the lag, and a person may scale them inside the bounds', async () => {
    assert.equal(await replicasOf('chain-recorder'), 2);
    await scale(deployment('chain-recorder'), 3);
    await sleep(3_000);
    assert.equal(await replicasOf('chain-recorder'), 3);
    await scale(deployment('chain-recorder'), 40);
    await becomes('chain-recorder', 4, 10_000);
    await scale(deployment('chain-recorder'), 1);
    lagBytes = 60 * MiB;
    await becomes('chain-recorder', 4);
  });

  it('kubectl scale of the Pipeline is a number of processors', async () => {
    await scale(pipelinePath(space, 'chain'), 3);
    await becomes('chain-processor', 3, 10_000);
    const { spec, status } = await admin.get(`${pipelinePath(space, 'chain')}/scale`);
    assert.deepEqual(spec, { replicas: 3 });
    assert.match((status as { readonly selector: string }).selector, /instance=chain/);
  });

  it('an unknown lag holds what there is, and the Pipeline says so', async () => {
    await scale(deployment('dark-recorder'), 3);
    const { message } = await condition(admin, space, 'dark', 'ScalingActive', {
      reason: 'LagUnknown',
    }).catch(
      // It is told after a minute, and then seen by the next reconcile.
      () => condition(admin, space, 'dark', 'ScalingActive', { reason: 'LagUnknown' }),
    );
    assert.match(message, /not known how far the recorder is behind: there is no pod of the recorder to ask/);
    assert.equal(await replicasOf('dark-recorder'), 3);
  });
});
