// One pass over one Pipeline: reads all of it and all that is of it, writes what differs, and says what has become of it.
// It may end between any two writes: the next pass finds what is there.

import { readPipelineObject } from '../../../api/read-pipeline.ts';
import { MillraceError } from '../../../errors.ts';
import { isApiError } from '../../../kube/api-error.ts';
import type { Condition, WantedCondition } from '../../../kube/conditions.ts';
import type { Reconciliation } from '../../../kube/controller-port.ts';
import type { Events } from '../../../kube/events.ts';
import type { Finalizer } from '../../../kube/finalizers.ts';
import { keyFromText, keyOf, keyText, type LiveObject } from '../../../kube/object.ts';
import type { Declared } from '../../declared.ts';
import type { ImageSettings } from '../../images.ts';
import type { ScaledRole, Scaling } from '../../scaling/scaling.ts';
import type { SecretReader } from '../../secret-digests.ts';
import { declare } from './declare.ts';
import { endPipeline } from './deletion.ts';
import type { FigureReader } from './figures.ts';
import { findingOf, holds, not } from './findings.ts';
import type { Hands } from './hands.ts';
import { runStep } from './run-step.ts';
import { podsOfSteps, type Said, type StatusWriter, statusOf } from './status.ts';
import type { Finding, StepContext, StepOutcome } from './step.ts';
import { steps } from './steps.ts';
import { stopSteps } from './stop.ts';
import { lookAtStores } from './stores.ts';
import { ensureSupport, removeUnwanted } from './support.ts';
import { tellTransitions } from './tell.ts';
import { byPipeline, type World } from './world.ts';

export interface PipelineDeps {
  readonly world: World;
  readonly hands: Hands;
  readonly finalizer: Finalizer;
  readonly status: StatusWriter;
  readonly events: Pick<Events, 'emit'>;
  readonly secretReader: SecretReader;
  readonly figures: FigureReader;
  readonly scaling: Pick<Scaling, 'advice' | 'condition'>;
  readonly images: ImageSettings;
}

/** What no watch tells of, lag and what others have to mend, is looked at so often. */
const lookAgainMs = 30_000;

export function createReconcile(deps: PipelineDeps) {
  const { world, finalizer, status, events, figures, scaling, images } = deps;

  const say = async (pipeline: LiveObject, said: Said, signal: AbortSignal): Promise<void> => {
    tellTransitions(events, pipeline, await status.write(pipeline, said, signal));
  };
  const condition = (type: string, finding: Finding) => ({ type, ...finding });

  return async (key: string, signal: AbortSignal): Promise<Reconciliation | undefined> => {
    const found = world.pipelines.get(keyFromText(key));
    if (!found) return undefined;
    if (isPaused(found)) {
      const paused = holds('Paused', 'spec.paused is set: everything is left as it is');
      return await addCondition(found, condition('Paused', paused), signal);
    }
    if (found.metadata.deletionTimestamp !== undefined) return await end(found, signal);
    const pipeline = await finalizer.add(found, { signal });
    if (!pipeline) return undefined;
    const reading = readPipelineObject(pipeline);
    if (!reading.pipeline) {
      const { problems } = reading;
      const error = new MillraceError(
        'ManifestInvalid',
        { file: `Pipeline ${key}`, count: problems.length },
        { details: problems.map(({ path, problem }) => `${path} ${problem}`) },
      );
      await addCondition(pipeline, condition('Ready', findingOf(error)), signal);
      return undefined;
    }
    return await forward(pipeline, declare(pipeline, reading.pipeline, world, images), signal);
  };

  /** Beside what was said of an older spec, which stays said of that one. */
  async function addCondition(
    pipeline: LiveObject,
    one: WantedCondition,
    signal: AbortSignal,
  ): Promise<undefined> {
    const { conditions = [], observedGeneration } = statusOf(pipeline);
    const { generation = 0 } = pipeline.metadata;
    const others = (conditions as readonly Condition[]).filter(({ type }) => type !== one.type);
    const all = [...others, { ...one, observedGeneration: generation }];
    await say(pipeline, { conditions: all, generation: observedGeneration }, signal);
  }

  async function forward(pipeline: LiveObject, declared: Declared, signal: AbortSignal) {
    const { hands, secretReader } = deps;
    const { uid } = pipeline.metadata;
    const key = keyText(keyOf(pipeline));
    const stores = await lookAtStores(declared, secretReader, signal);
    const base = {
      ...{ declared, pipeline, world, hands, signal, secretReader },
      secrets: stores.secrets,
      advice: (role: ScaledRole) => scaling.advice(key, role),
    };
    const look = figures.look(uid, () => world.pods.by(byPipeline, key));
    const context: StepContext = { ...base, refused: await ensureSupport(base) };
    const { stopped: stopAsked } = declared.spec;
    const stopping = stopAsked ? await stopSteps(context) : undefined;
    const outcomes = stopping?.outcomes ?? (await run(context, stores.finding));
    const streamer = outcomes[steps.findIndex(({ role }) => role === 'streamer')];
    await removeUnwanted(context, stopping?.stopped ?? streamer?.rolledOut === true);
    const seen = steps.map(({ condition: type }, index) =>
      condition(type, outcomes[index]?.finding ?? not('Starting', '')),
    );
    const scaled = stopAsked ? undefined : scaling.condition(key);
    const parts = [condition('StoresReachable', stores.finding), ...seen];
    const conditions = [
      ...parts,
      condition('Ready', summary(parts, context, stopAsked)),
      ...(scaled ? [scaled] : []),
      ...(stopping ? [condition('Stopped', stoppedFinding(stopping.stopped, outcomes))] : []),
    ];
    const pods = podsOfSteps(steps, outcomes);
    await say(
      pipeline,
      {
        conditions,
        version: declared.version,
        pods,
        ...(look.figures && { figures: look.figures }),
      },
      signal,
    );
    return { afterMs: Math.min(lookAgainMs, look.againMs) };
  }

  async function run(context: StepContext, stores: Finding): Promise<readonly StepOutcome[]> {
    const outcomes: StepOutcome[] = [];
    let waitsFor: string | undefined;
    if (stores.status !== 'True') waitsFor = 'the addresses and Secrets of its stores';
    else if (context.refused.has(undefined)) waitsFor = 'its ConfigMap and policies';
    let heldBy = waitsFor;
    for (const step of steps) {
      const outcome = await runStep(step, context, { waitsFor, heldBy });
      outcomes.push(outcome);
      if (!outcome.ready) waitsFor ??= step.title;
      if (!outcome.rolledOut) heldBy ??= step.title;
    }
    return outcomes;
  }

  async function end(pipeline: LiveObject, signal: AbortSignal): Promise<Reconciliation | undefined> {
    const { uid, name } = pipeline.metadata;
    if (!finalizer.isOn(pipeline)) return undefined;
    const { apiVersion, kind } = pipeline;
    const owner = { apiVersion, kind, name, uid };
    const { done, message } = await endPipeline({ pipeline, owner, world, hands: deps.hands, signal });
    if (done) {
      await finalizer.remove(pipeline, { signal });
      status.forget(uid);
      figures.forget(uid);
      return undefined;
    }
    const conditions = [
      condition('Deleting', holds('Deleting', message)),
      condition('Ready', not('Deleting', message)),
    ];
    try {
      await say(pipeline, { conditions }, signal);
    } catch (error) {
      // Somebody took the finalizer away: it is gone, and so is what it owns.
      if (!isApiError(error, 'notFound', 'conflict')) throw error;
    }
    return undefined;
  }
}

const isPaused = ({ spec }: LiveObject): boolean => (spec as { readonly paused?: boolean }).paused === true;

/** The first thing in the order of starting that is not as it should be. */
function summary(
  parts: readonly (Finding & { readonly type: string })[],
  { refused }: StepContext,
  stopped: boolean,
): Finding {
  if (stopped) return not('Stopped', 'spec.stopped is set');
  const first = refused.get(undefined) ?? parts.find(({ status }) => status !== 'True');
  if (first) return not(first.reason, first.message);
  return holds('Ready', 'everything that was asked for is there and works');
}

function stoppedFinding(stopped: boolean, outcomes: readonly StepOutcome[]): Finding {
  if (stopped) return holds('Stopped', 'every stage is at zero');
  const ending = outcomes.findLast(({ finding }) => finding.reason === 'Stopping');
  return not('Stopping', ending?.finding.message ?? 'stages end');
}
