// The real API server as tests of the runtime use it: our own client, an observer that shares nothing with it, and the
// server's own list of what was written.

import { after, before } from 'node:test';
import { testKubeconfig } from '../../test/kube/address.ts';
import { type Api, connect } from '../../test/kube/api.ts';
import { type AuditLog, openAuditLog } from '../../test/kube/audit.ts';
import { auditLogOf } from '../../test/kube/cluster.ts';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { ApiError } from './api-error.ts';
import type { KubeClient } from './client-port.ts';
import { type ClusterConnection, connectCluster } from './connect-cluster.ts';

export interface RealCluster {
  readonly kubeconfig: string;
  /** The observer. */
  readonly admin: Api;
  connection(userAgent: string): ClusterConnection;
  /** Whatever is written from now on. */
  audit(): Promise<AuditLog>;
}

/** Connected while the tests of the file run. */
export function realCluster(): RealCluster {
  const kubeconfig = testKubeconfig();
  const connections: { close(): Promise<void> }[] = [];
  let admin: Api | undefined;
  before(() => {
    admin = connect(kubeconfig);
    connections.push(admin);
  });
  after(async () => {
    await Promise.all(connections.map((one) => one.close()));
  });
  return {
    kubeconfig,
    get admin() {
      if (!admin) throw new Error('not connected yet');
      return admin;
    },
    connection: (userAgent) => {
      const one = connectCluster({ kubeconfig, userAgent, clock: systemClock, logger: silentLogger });
      connections.push(one);
      return one;
    },
    audit: () => openAuditLog(auditLogOf(kubeconfig)),
  };
}

/** `away`: no call arrives. `unheard`: each arrives, and no answer to a write comes back. */
export type Weather = 'fine' | 'away' | 'unheard';

export function inWeather(client: KubeClient, weather: () => Weather): KubeClient {
  const call = async <T>(writes: boolean, send: () => Promise<T>): Promise<T> => {
    if (weather() === 'away') throw new ApiError('unreachable', 'no connection');
    const answer = await send();
    if (writes && weather() === 'unheard') throw new ApiError('unreachable', 'the connection broke');
    return answer;
  };
  return {
    ...client,
    get: (...of) => call(false, () => client.get(...of)),
    create: (...of) => call(true, () => client.create(...of)),
    replace: (...of) => call(true, () => client.replace(...of)),
    apply: (...of) => call(true, () => client.apply(...of)),
    patch: (...of) => call(true, () => client.patch(...of)),
    delete: (...of) => call(true, () => client.delete(...of)),
  };
}
