// One candidate as a process of its own, with the usual times: while it leads it counts up in a ConfigMap, twenty times a
// second, with one write in flight at any time. `leader-process.fixture.ts KUBECONFIG NAMESPACE NAME`

import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import { createLogger } from '../logger.ts';
import { isApiError } from './api-error.ts';
import { connectCluster } from './connect-cluster.ts';
import { newIdentity, runElected } from './leader.ts';
import type { ResourceKind } from './object.ts';

const [kubeconfig = '', namespace = '', name = ''] = process.argv.slice(2);
const configMaps: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
const logger = createLogger();
const of = { kubeconfig, userAgent: `${name}/1`, clock: systemClock, logger };
const [forLease, forWork] = [connectCluster(of), connectCluster(of)];
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const end = await runElected({
  client: forLease.client,
  lease: { namespace, name: 'the-lease' },
  identity: newIdentity(name),
  clock: systemClock,
  logger,
  signal: stop.signal,
  onLead: async ({ signal, fence }) => {
    process.stdout.write('leading\n');
    const client = forWork.fenced(fence);
    for (let n = 0; !signal.aborted; n++) {
      try {
        await client.patch(configMaps, { namespace, name: 'work' }, { data: { by: name, n: `${n}` } });
      } catch (error) {
        if (!isApiError(error)) throw error;
        process.stdout.write(`${error.kind}\n`);
      }
      await sleep(50);
    }
  },
});
process.stdout.write(`end ${end}\n`);
await Promise.all([forLease.close(), forWork.close()]);
