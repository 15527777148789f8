// What applying a manifest would change on a cluster: the Pipeline itself, and what the operator would make of it. The
// operator's own steps run, all of them as if those before were ready; nothing is written.

import type { Pipeline } from '../../../api/pipeline.ts';
import type { PipelineStatus } from '../../../api/pipeline-status.ts';
import { readPipelineObject } from '../../../api/read-pipeline.ts';
import type { Clock } from '../../../clock.ts';
import { MillraceError } from '../../../errors.ts';
import type { KubeClient } from '../../../kube/client-port.ts';
import { type Difference, differences } from '../../../kube/differences.ts';
import type { KubeObject, LiveObject } from '../../../kube/object.ts';
import type { PlannedChange } from '../../../kube/plan.ts';
import type { Logger } from '../../../logger.ts';
import { runStep } from '../../../operator/controllers/pipeline/run-step.ts';
import type { Finding, StepContext } from '../../../operator/controllers/pipeline/step.ts';
import { steps } from '../../../operator/controllers/pipeline/steps.ts';
import { stopSteps } from '../../../operator/controllers/pipeline/stop.ts';
import { lookAtStores } from '../../../operator/controllers/pipeline/stores.ts';
import { ensureSupport, removeUnwanted } from '../../../operator/controllers/pipeline/support.ts';
import { cachesOf, openWorld, type World } from '../../../operator/controllers/pipeline/world.ts';
import type { Declared } from '../../../operator/declared.ts';
import { imagesOf, nodeImages } from '../../../operator/images.ts';
import { kinds } from '../../../operator/kinds.ts';
import { annotations } from '../../../operator/names.ts';
import { createSecretReader } from '../../../operator/secret-digests.ts';
import { appliedPipeline } from './applied-spec.ts';
import { lookOn } from './look-on.ts';
import { operatorImage, readable } from './surroundings.ts';

export interface PipelinePlan {
  readonly changes: readonly PlannedChange[];
  /** What a person should know beside them. */
  readonly notes: readonly string[];
}

/** `manifest`: as a person wrote it, good by `readManifest`. @throws ApiError: `invalid` when the server would refuse it */
export async function planPipeline(
  manifest: KubeObject,
  deps: {
    readonly client: KubeClient;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly signal: AbortSignal;
    /** Of this program, for a cluster whose operator cannot be seen. */
    readonly version: string;
  },
): Promise<PipelinePlan> {
  const { client, signal } = deps;
  const { namespace = '', name } = manifest.metadata;
  const live = await client.get(kinds.pipeline, { namespace, name }, { signal });
  const answer = await appliedPipeline(client, manifest, live, signal);
  const { pipeline, problems } = readPipelineObject(answer);
  if (!pipeline)
    throw new MillraceError(
      'ManifestInvalid',
      { file: `Pipeline ${name}`, count: problems.length },
      { details: problems.map(({ path, problem }) => `${path} ${problem}`) },
    );
  const own = ownChange(pipeline, live, answer);
  if (pipeline.spec.paused)
    return {
      changes: own,
      notes: ['spec.paused is true: the operator would leave everything else as it is'],
    };

  await readable(client, namespace, signal);
  const closed = new AbortController();
  const world = openWorld({ ...deps, signal: AbortSignal.any([signal, closed.signal]) });
  try {
    await Promise.all(cachesOf(world).map((cache) => cache.synced(signal)));
    const image = await operatorImage(client, signal);
    const declared = declaredFrom(pipeline, live ?? answer, image, deps.version);
    const { changes, findings } = await operatorsPart(declared, live ?? answer, world, deps);
    const notes = changes.some(namesImage) ? image.notes : [];
    return { changes: [...own, ...changes], notes: [...findings.map(({ message }) => message), ...notes] };
  } finally {
    closed.abort();
  }
}

const namesImage = ({ action, object, differences }: PlannedChange): boolean =>
  (action === 'create' && /^(Deployment|StatefulSet) /.test(object)) ||
  differences.some(({ path }) => path.endsWith('.image'));

function ownChange(
  pipeline: Pipeline,
  live: LiveObject | undefined,
  answer: LiveObject,
): readonly PlannedChange[] {
  const object = `Pipeline ${answer.metadata.namespace}/${answer.metadata.name}`;
  if (!live) return [{ action: 'create', object, differences: [] }];
  const before = readPipelineObject(live).pipeline?.spec ?? live.spec;
  const found: readonly Difference[] = differences({ spec: pipeline.spec }, { spec: before }, true);
  return found.length === 0 ? [] : [{ action: 'change', object, differences: found }];
}

function declaredFrom(
  pipeline: Pipeline,
  live: LiveObject,
  { own, ownVersion }: { readonly own: string | undefined; readonly ownVersion: string | undefined },
  usual: string,
): Declared {
  const { name, namespace = '', uid, generation = 1 } = live.metadata;
  const status = (live.status ?? {}) as PipelineStatus;
  const operators = ownVersion ?? usual;
  const version = pipeline.spec.version ?? status.version ?? operators;
  return {
    ...{ name, namespace, generation, pipeline, version },
    owner: { apiVersion: live.apiVersion, kind: live.kind, name, uid },
    spec: pipeline.spec,
    images: imagesOf({ own: own ?? `millrace:${operators}`, ownVersion: operators, ...nodeImages }, version),
    rotate: pipeline.metadata.annotations?.[annotations.rotate],
  };
}

async function operatorsPart(
  declared: Declared,
  pipeline: LiveObject,
  world: World,
  { client, signal }: { readonly client: KubeClient; readonly signal: AbortSignal },
): Promise<{ readonly changes: readonly PlannedChange[]; readonly findings: readonly Finding[] }> {
  const { hands, changes } = lookOn(client);
  const secretReader = createSecretReader(client, world.secrets);
  const stores = await lookAtStores(declared, secretReader, signal);
  const base = {
    ...{ declared, pipeline, world, hands, signal, secretReader },
    secrets: stores.secrets,
    advice: () => undefined,
  };
  const context: StepContext = { ...base, refused: await ensureSupport(base) };
  const findings = stores.finding.status === 'True' ? [] : [stores.finding];
  if (declared.spec.stopped) await stopSteps(context);
  else if (findings.length === 0)
    for (const step of steps) await runStep(step, context, { waitsFor: undefined, heldBy: undefined });
  await removeUnwanted(context, true);
  return { changes: changes(), findings };
}
