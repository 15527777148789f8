// How many recorders and processors each pipeline should have. Reads the lag of all of them every half minute while it
// leads; the reconciles take what it has come to. What it remembers is when it began to see more or less work: another
// leader begins that anew, and holds until then.

import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { WantedCondition } from '../../kube/conditions.ts';
import type { Controller } from '../../kube/controller.ts';
import { keyOf, keyText, type LiveObject } from '../../kube/object.ts';
import { steadyClock } from '../../kube/steady-clock.ts';
import { byPipeline } from '../controllers/pipeline/world.ts';
import { type Asked, askedOf, isScaled, type ScaledRole, type ScaledWorld, scaledRoles } from './asked.ts';
import type { LagSource } from './lag-source.ts';
import type { Reading } from './reading.ts';
import { type ScaleMemory, stabilise } from './stabilise.ts';
import { wantedProcessors, wantedRecorders, within } from './wanted.ts';

export type { ScaledRole, ScaledWorld } from './asked.ts';

type Condition = Omit<WantedCondition, 'observedGeneration'>;

export interface Scaling extends Controller {
  /** Pods of the role, all its workloads together; undefined while it has none. `key`: `namespace/name`. */
  advice(key: string, role: ScaledRole): number | undefined;
  /** Whether the numbers follow the lag, once that is clear: a short silence changes nothing. */
  condition(key: string): Condition | undefined;
}

export const readEveryMs = 30_000;
export const tellAfterMs = 60_000;
/** Pipelines. */
const readAtOnce = 32;

interface Look {
  /** The number that was decided on, and for which number at that time. */
  readonly replicas: number;
  readonly from: number;
  readonly memory: ScaleMemory | undefined;
  readonly problem: string | undefined;
  /** Since when the lag is not known, and when it was looked at last. */
  readonly darkSince: number | undefined;
  readonly at: number;
  /** It was known once. */
  readonly wasKnown: boolean;
}

export function createScaling(deps: {
  readonly world: ScaledWorld;
  readonly source: LagSource;
  readonly clock: Clock;
}): Scaling {
  const { world, source } = deps;
  const clock = steadyClock(deps.clock);
  /** By pipeline, then role. */
  let looks = new Map<string, ReadonlyMap<ScaledRole, Look>>();

  const lagOf = async (role: ScaledRole, pods: readonly LiveObject[], asked: Asked, signal: AbortSignal) => {
    const { bounds, components } = asked;
    if (role === 'recorder')
      return map(await source.recorder(pods, signal), (lag) => wantedRecorders(lag, bounds));
    const windows = await source.windows(pods, components, signal);
    return map(windows, (open) => wantedProcessors(open, bounds));
  };
  const lookAt = async (
    pipeline: LiveObject,
    role: ScaledRole,
    signal: AbortSignal,
  ): Promise<Look | undefined> => {
    const key = keyText(keyOf(pipeline));
    const asked = askedOf(world, pipeline, role);
    if (!asked) return undefined;
    const wanted = await lagOf(role, world.pods.by(byPipeline, key), asked, signal);
    const before = looks.get(key)?.get(role);
    const at = clock.steady();
    const decision = stabilise({ ...asked, now: at, wanted, memory: before?.memory });
    const problem = 'problem' in wanted ? wanted.problem : undefined;
    return {
      ...decision,
      ...{ at, problem, from: asked.current },
      darkSince: problem === undefined ? undefined : (before?.darkSince ?? at),
      wasKnown: problem === undefined || before?.wasKnown === true,
    };
  };
  const lookAtAll = async (signal: AbortSignal): Promise<void> => {
    const seen = new Map<string, ReadonlyMap<ScaledRole, Look>>();
    const waiting = world.pipelines.list().filter(isScaled);
    const work = async (): Promise<void> => {
      for (let pipeline = waiting.pop(); pipeline; pipeline = waiting.pop()) {
        const roles = new Map<ScaledRole, Look>();
        for (const role of scaledRoles) {
          const look = await lookAt(pipeline, role, signal);
          if (look) roles.set(role, look);
        }
        const key = keyText(keyOf(pipeline));
        looks.set(key, roles);
        seen.set(key, roles);
      }
    };
    await Promise.all(Array.from({ length: readAtOnce }, work));
    looks = seen;
  };

  return {
    name: 'scaling',
    run: async (signal) => {
      while (!signal.aborted) {
        const begun = clock.steady();
        await untilAborted(lookAtAll(signal), signal);
        const left = Math.max(0, begun + readEveryMs - clock.steady());
        await untilAborted(clock.sleep(left, signal), signal);
      }
    },
    advice: (key, role) => {
      const [namespace, name] = key.split('/');
      const pipeline = world.pipelines.get({ namespace: namespace ?? '', name: name ?? '' });
      const asked = pipeline && askedOf(world, pipeline, role);
      if (!asked) return undefined;
      const look = looks.get(key)?.get(role);
      // Somebody has scaled since: that stands until the next look.
      return within(look?.from === asked.current ? look.replicas : asked.current, asked.bounds);
    },
    condition: (key) => {
      const roles = looks.get(key);
      if (!roles || roles.size === 0) return undefined;
      for (const [role, { problem, darkSince = 0, at, wasKnown }] of roles) {
        if (problem === undefined) continue;
        if (at - darkSince >= tellAfterMs) return unknownLag(role, problem);
        if (!wasKnown) return undefined;
      }
      return following;
    },
  };
}

const following: Condition = {
  type: 'ScalingActive',
  status: 'True',
  reason: 'LagKnown',
  message: 'the numbers of recorders and processors follow the lag',
};

function unknownLag(role: ScaledRole, problem: string): Condition {
  const named = role === 'recorder' ? 'recorder' : 'processor';
  const { code, message, remedy } = new MillraceError('LagUnknown', { role: named, problem });
  return {
    type: 'ScalingActive',
    status: 'False',
    reason: code,
    message: `${message}. To mend it: ${remedy}.`,
  };
}

const map = <T, U>(reading: Reading<T>, change: (value: T) => U): Reading<U> =>
  'value' in reading ? { value: change(reading.value) } : reading;

async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
