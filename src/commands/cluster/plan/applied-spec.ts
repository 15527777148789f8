// What a Pipeline's spec becomes when a person applies a manifest: the manifest's fields, and those of others, who may have
// scaled it by hand. Fields that the manifest had when it was applied before, and has no more, go.

import type { KubeClient } from '../../../kube/client-port.ts';
import type { KubeObject, LiveObject } from '../../../kube/object.ts';
import { kinds } from '../../../operator/kinds.ts';

type Tree = Readonly<Record<string, unknown>>;

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const planManager = 'millrace-plan';

/**
 * The object as the server would store it; nothing is stored. Who applied it on the server's side before is asked for
 * again by the server, else it is merged as `kubectl apply` does. @throws ApiError `invalid` with what the rules refuse
 */
export async function appliedPipeline(
  client: KubeClient,
  manifest: KubeObject,
  live: LiveObject | undefined,
  signal: AbortSignal,
): Promise<LiveObject> {
  const dryRun = (object: KubeObject, fieldManager: string) =>
    client.apply(kinds.pipeline, object, { dryRun: true, fieldManager, signal });
  if (!live) return dryRun(manifest, planManager);
  const applier = live.metadata.managedFields?.find(
    ({ operation, subresource, manager }) =>
      operation === 'Apply' && subresource === undefined && !manager.startsWith('millrace-'),
  );
  if (applier) return dryRun(manifest, applier.manager);
  const before = parse(live.metadata.annotations?.[lastApplied]);
  const spec = merged((live.spec ?? {}) as Tree, (before?.spec ?? {}) as Tree, (manifest.spec ?? {}) as Tree);
  const answer = await dryRun({ ...manifest, spec }, planManager);
  // The server merges lists with those of others; `kubectl apply` replaces them.
  return { ...answer, spec: inOrder(spec) };
}

function parse(text: string | undefined): Tree | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Tree;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Lists are one value, as in a JSON merge patch. */
export function merged(live: Tree, before: Tree, manifest: Tree): Tree {
  const kept = Object.entries(live).filter(([field]) => field in manifest || !(field in before));
  const result: Record<string, unknown> = Object.fromEntries(kept);
  for (const [field, value] of Object.entries(manifest)) {
    const [there, was] = [live[field], before[field]];
    result[field] = isTree(value) && isTree(there) ? merged(there, isTree(was) ? was : {}, value) : value;
  }
  return result;
}

/** As the API server gives objects back: fields by name. */
export function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isTree(value)) return value;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([field, inner]) => [field, inOrder(inner)]));
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
