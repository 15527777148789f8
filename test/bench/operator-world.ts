// Pipelines in the cluster, and what the API server's audit log says of whoever wrote for them.

import { setTimeout as sleep } from 'node:timers/promises';
import {
  conditionsOf,
  createPipeline,
  makeSecrets,
  pipelinePath,
} from '../../src/operator/operator.fixture.ts';
import type { Api, KubeObject } from '../kube/api.ts';
import { type AuditLog, openAuditLog, type Write } from '../kube/audit.ts';
import { aNamespace } from '../kube/world.ts';

const agent = 'millrace-operator/';
const readyMs = 1_200_000;

export interface BenchWorld {
  readonly admin: Api;
  /** Of pipelines, with the Secrets of their stores. */
  namespace(): Promise<string>;
  create(namespace: string, names: readonly string[]): Promise<void>;
  /** Resolves when every pipeline of the namespace is Ready. */
  allReady(namespace: string, count: number): Promise<void>;
  /** Since the last call, but the lease; oldest first. */
  operatorWrites(): Promise<readonly Write[]>;
  allWrites(): Promise<readonly Write[]>;
}

export async function openBenchWorld(admin: Api, auditLog: string): Promise<BenchWorld> {
  const audit: AuditLog = await openAuditLog(auditLog);
  const allWrites = () => audit.writes();
  return {
    admin,
    namespace: async () => {
      const name = await aNamespace(admin, 'bench');
      await makeSecrets(admin, name);
      return name;
    },
    create: async (namespace, names) => {
      await Promise.all(names.map((name) => createPipeline(admin, namespace, name)));
    },
    allReady: async (namespace, count) => {
      const deadline = performance.now() + readyMs;
      for (;;) {
        const found = await admin.list(pipelinePath(namespace));
        const ready = found.filter(isReady).length;
        if (ready === count) return;
        if (performance.now() > deadline) throw new Error(`${ready} of ${count} pipelines are ready`);
        // Looking is work for the server too.
        await sleep(count > 20 ? 1_000 : 100);
      }
    },
    allWrites,
    operatorWrites: async () =>
      (await allWrites()).filter(
        ({ userAgent, resource }) => userAgent.startsWith(agent) && resource !== 'leases',
      ),
  };
}

const isReady = (pipeline: KubeObject): boolean => conditionsOf(pipeline).get('Ready')?.status === 'True';

/** In ms since 1970, to the microsecond. */
export function timeOf({ at }: Write): number {
  const micros = /\.\d{3}(\d{3})Z$/.exec(at)?.[1] ?? '0';
  return Date.parse(at) + Number(micros) / 1_000;
}

/** Of the children, made once each. */
export const isMade = ({ status, resource }: Write): boolean => status === 201 && resource !== 'events';

/** The pipeline that a write is about: names of children begin with it and a dash, those of events have a dot before the rest. */
export function pipelineOf({ name, resource, sent }: Write): string {
  const { regarding } = (sent ?? {}) as { readonly regarding?: { readonly name?: string } };
  const about = resource === 'events' ? (regarding?.name ?? name) : name;
  return about.split(/[-.]/, 1)[0] ?? '';
}
