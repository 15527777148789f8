// A bare client that makes the writes that the operator made, each pipeline's in their order, all pipelines at once: bodies
// are ready beforehand, nothing is compared, nothing is watched but, when asked for, whether a Deployment has come up.

import { createPipeline } from '../../src/operator/operator.fixture.ts';
import { type Api, applyPatch, type KubeObject, mergePatch } from '../kube/api.ts';
import type { Write } from '../kube/audit.ts';
import { pipelineOf } from './operator-world.ts';

export interface BareOptions {
  readonly admin: Api;
  readonly writes: readonly Write[];
  readonly namespace: string;
  /** As the operator has to: the next stage starts when the one before is up. */
  readonly waits: boolean;
}

const groups: Readonly<Record<string, string>> = {
  pipelines: '/apis/millrace.dev/v1alpha1',
  deployments: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  poddisruptionbudgets: '/apis/policy/v1',
  networkpolicies: '/apis/networking.k8s.io/v1',
  horizontalpodautoscalers: '/apis/autoscaling/v2',
  events: '/apis/events.k8s.io/v1',
};

/** Milliseconds from the first pipeline to the last write; how many writes that were. */
export async function writeBare(
  options: BareOptions,
): Promise<{ readonly ms: number; readonly writes: number }> {
  const { admin, writes, namespace, waits } = options;
  const byPipeline = Map.groupBy(writes, pipelineOf);
  const up = waits ? watchDeployments(admin, namespace) : undefined;
  const started = performance.now();
  let done = 0;
  try {
    await Promise.all(
      [...byPipeline].map(async ([name, own]) => {
        const { metadata } = await createPipeline(admin, namespace, name);
        let before: string | undefined;
        for (const write of own) {
          if (write.resource === 'deployments' && write.verb === 'create') {
            if (before !== undefined) await up?.ready(before);
            before = write.name;
          }
          await replay(admin, namespace, write, String(metadata.uid));
          done += 1;
        }
      }),
    );
    return { ms: performance.now() - started, writes: done };
  } finally {
    up?.close();
  }
}

type Body = { readonly apiVersion?: string; readonly kind?: string; readonly metadata?: object };

async function replay(admin: Api, namespace: string, write: Write, owner: string): Promise<void> {
  const [plural = '', subresource] = write.resource.split('/');
  const path = `${groups[plural] ?? '/api/v1'}/namespaces/${namespace}/${plural}`;
  const body = moved(write.sent as Body, namespace, owner);
  const named = [path, write.name, subresource].filter(Boolean).join('/');
  const manager = 'fieldManager=bare';
  const answer =
    write.verb === 'create'
      ? await admin.request('POST', `${path}?${manager}`, body)
      : await admin.request(
          'PATCH',
          `${named}?${manager}${body.kind ? '&force=true' : ''}`,
          body,
          body.kind ? applyPatch : mergePatch,
        );
  if (answer.status >= 400)
    throw new Error(`${write.verb} ${named}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** The same body for another namespace and owner, without what only one object can have. */
function moved(sent: Body, namespace: string, owner: string): Body {
  const text = JSON.stringify(sent, (key, value: unknown) => {
    if (key === 'namespace') return namespace;
    if (key === 'resourceVersion' || key === 'managedFields') return undefined;
    if (key === 'ownerReferences') return (value as object[]).map((one) => ({ ...one, uid: owner }));
    return value;
  });
  const body = JSON.parse(text) as Body;
  const { uid: _, ...metadata } = (body.metadata ?? {}) as { readonly uid?: string };
  return { ...body, metadata };
}

interface Ups {
  ready(name: string): Promise<void>;
  close(): void;
}

function watchDeployments(admin: Api, namespace: string): Ups {
  const ending = new AbortController();
  const up = new Set<string>();
  const waiting = new Map<string, () => void>();
  const run = async (): Promise<void> => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    for await (const { object } of admin.watch(path, ending.signal)) {
      const { name } = object.metadata;
      if (!isUp(object)) continue;
      up.add(name);
      waiting.get(name)?.();
    }
  };
  run().catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return {
    ready: async (name) => {
      if (!up.has(name)) await new Promise<void>((resolve) => void waiting.set(name, resolve));
    },
    close: () => ending.abort(),
  };
}

function isUp({ spec, status }: KubeObject): boolean {
  const { replicas } = spec as { readonly replicas: number };
  return (status as { readonly availableReplicas?: number } | undefined)?.availableReplicas === replicas;
}
