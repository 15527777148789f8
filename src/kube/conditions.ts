// Conditions as every Kubernetes tool reads them: one of each type, sorted, and a time that moves only when the status
// does. Nothing here reads a clock or writes: conditions in, conditions out; the very same list when nothing differs.

import { secondTime } from './micro-time.ts';

export type ConditionStatus = 'True' | 'False' | 'Unknown';

export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  /** The generation of the spec that this is said of. */
  readonly observedGeneration?: number;
  /** When `status` became what it is, RFC 3339, whole seconds. */
  readonly lastTransitionTime: string;
  /** A word: `WaitingForWeb`. */
  readonly reason: string;
  /** For people. No counters, no times: each change is a write. */
  readonly message: string;
}

export type WantedCondition = Omit<Condition, 'lastTransitionTime'>;
type Conditions = readonly Condition[];

const reasonPattern = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const longestReason = 1_024;
const longestMessage = 32_768;

/** @throws TypeError for a reason that the API server would refuse */
export function setCondition(before: Conditions, wanted: WantedCondition, nowMs: number): Conditions {
  if (wanted.reason.length > longestReason || !reasonPattern.test(wanted.reason))
    throw new TypeError(`"${wanted.reason}" is no reason for ${wanted.type}: one CamelCase word`);
  const { type, status, observedGeneration, reason } = wanted;
  const message = wanted.message.slice(0, longestMessage);
  const known = findCondition(before, type);
  const condition: Condition = {
    type,
    status,
    ...(observedGeneration !== undefined && { observedGeneration }),
    lastTransitionTime: known?.status === status ? known.lastTransitionTime : secondTime(nowMs),
    reason,
    message,
  };
  if (known && same(known, condition) && isSorted(before)) return before;
  return sorted([...before.filter((one) => one.type !== type), condition]);
}

/** All of them in turn. */
export function setConditions(
  before: Conditions,
  wanted: readonly WantedCondition[],
  nowMs: number,
): Conditions {
  return wanted.reduce((conditions, one) => setCondition(conditions, one, nowMs), before);
}

/** Those of the types that are not said any more. */
export function removeConditions(before: Conditions, ...types: readonly string[]): Conditions {
  return before.some(({ type }) => types.includes(type))
    ? before.filter(({ type }) => !types.includes(type))
    : before;
}

export function findCondition(conditions: Conditions, type: string): Condition | undefined {
  return conditions.find((one) => one.type === type);
}

/** `generation`: of the object; what was said of an older spec is not true of this one. */
export function isTrue(conditions: Conditions, type: string, generation?: number): boolean {
  const found = findCondition(conditions, type);
  if (found?.status !== 'True') return false;
  return generation === undefined || (found.observedGeneration ?? generation) >= generation;
}

const sorted = (conditions: Conditions): Conditions =>
  conditions.toSorted((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));

const isSorted = (conditions: Conditions): boolean =>
  conditions.every((one, index) => index === 0 || (conditions[index - 1]?.type ?? '') < one.type);

const same = (a: Condition, b: Condition): boolean =>
  a.status === b.status &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.observedGeneration === b.observedGeneration &&
  a.lastTransitionTime === b.lastTransitionTime;
