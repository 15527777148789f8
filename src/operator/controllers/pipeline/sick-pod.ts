// What keeps a pod from being ready, in its own words.

import type { LiveObject } from '../../../kube/object.ts';
import { componentLabel } from '../../names.ts';

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly message?: string; readonly exitCode?: number };
  };
  readonly lastState?: ContainerStatus['state'];
}

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

/** While these hold, a pod merely starts. */
const starting = new Set(['ContainerCreating', 'PodInitializing']);
const longest = 500;

/** Of the first pod, by name, that says something; undefined when all are fine or merely start. */
export function sickness(pods: readonly LiveObject[], component: string): string | undefined {
  const own = pods
    .filter(({ metadata }) => metadata.labels?.[componentLabel] === component)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const pod of own) {
    const problem = problemOf(pod);
    if (problem !== undefined) return `pod ${pod.metadata.name}: ${problem}`.slice(0, longest);
  }
  return undefined;
}

function problemOf({ metadata, status }: LiveObject): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const { conditions = [], containerStatuses = [] } = (status ?? {}) as PodStatus;
  const unscheduled = conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  if (unscheduled) return said(unscheduled.reason, unscheduled.message);
  for (const { state, lastState } of containerStatuses) {
    const waiting = state?.waiting;
    if (waiting && !starting.has(waiting.reason ?? '')) {
      const ended = lastState?.terminated?.message;
      return said(waiting.reason, ended ?? waiting.message);
    }
    if (state?.terminated) return said(state.terminated.reason, state.terminated.message);
  }
  return undefined;
}

/** One line; what changes from try to try (back-off times) is left out. */
function said(reason = 'Unknown', message = ''): string {
  const line = message
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replace(/back-off [0-9hms.]+ /, 'back-off ');
  return line === '' ? reason : `${reason}: ${line}`;
}
