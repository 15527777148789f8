// What keeps a pod from being ready: in Kubernetes' words, with what a person can do about it.

import type { LiveObject } from '../../../kube/object.ts';
import { adviceOfExit, adviceOfWaiting } from './advice.ts';
import { type Cause, oneLine } from './cause.ts';

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string } | null;
  readonly running?: { readonly startedAt?: string } | null;
  readonly terminated?: {
    readonly reason?: string;
    readonly message?: string;
    readonly exitCode?: number;
    readonly signal?: number;
  } | null;
}

interface ContainerStatus {
  readonly name: string;
  readonly image?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
  }[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

export interface PodTrouble {
  readonly cause: Omit<Cause, 'under'>;
  /** Whose log says more. */
  readonly log?: { readonly container: string; readonly previous: boolean };
}

/** undefined: it is ready, or has done its work. */
export function podTrouble({ metadata, status }: LiveObject): PodTrouble | undefined {
  const { phase, reason, message, conditions = [], ...statuses } = (status ?? {}) as PodStatus;
  const { initContainerStatuses = [], containerStatuses = [] } = statuses;
  if (metadata.deletionTimestamp !== undefined)
    return told('is being deleted', { tone: 'wait', todo: 'wait: it has its grace period to end cleanly' });
  if (phase === 'Succeeded') return undefined;
  if (phase === 'Failed' && containerStatuses.length === 0)
    return told(`has failed: ${reason ?? 'no reason'}`, {
      said: message,
      todo: 'it is replaced by itself; see what its node lacked',
    });
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False')
    return told('no node takes it', {
      said: scheduled.message,
      todo: 'add nodes, or free what the message names (CPU, memory, volumes, zones)',
    });
  const container = [...initContainerStatuses, ...containerStatuses].find(isSick);
  if (container) return ofContainer(container);
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return told('is starting', {
    tone: 'wait',
    todo: 'wait; its events say what it waits for, if it takes long',
  });
}

function isSick({ state, ready }: ContainerStatus): boolean {
  if (state?.waiting) return state.waiting.reason !== 'PodInitializing';
  if (state?.terminated) return state.terminated.exitCode !== 0;
  return ready === false;
}

function ofContainer({ name, image, state, lastState, restartCount = 0 }: ContainerStatus): PodTrouble {
  const ended = state?.terminated ?? lastState?.terminated;
  if (ended) {
    const code = ended.signal ? `signal ${ended.signal}` : `exit code ${ended.exitCode ?? '?'}`;
    const why = ended.reason && ended.reason !== 'Error' ? `${ended.reason}, ` : '';
    const times =
      restartCount > 0 ? `, restarted ${restartCount === 1 ? 'once' : `${restartCount} times`}` : '';
    return {
      ...told(`container ${name} ended: ${why}${code}${times}`, {
        said: ended.message,
        todo: adviceOfExit(ended),
      }),
      log: { container: name, previous: state?.terminated === undefined || state.terminated === null },
    };
  }
  if (state?.waiting) {
    const { reason = 'no reason', message } = state.waiting;
    return told(`container ${name} waits: ${reason}`, {
      said: message,
      todo: adviceOfWaiting(reason, image ?? 'its image'),
      tone: reason === 'ContainerCreating' ? 'wait' : 'bad',
    });
  }
  return {
    ...told(`container ${name} runs and is not ready`, {
      todo: `its log (kubectl logs) and its /readyz name what it waits for`,
    }),
    log: { container: name, previous: false },
  };
}

function told(
  text: string,
  options: { readonly said?: string | undefined; readonly todo: string; readonly tone?: Cause['tone'] },
): PodTrouble {
  const { said, todo, tone = 'bad' } = options;
  return { cause: { text, tone, todo, ...(said && { said: [oneLine(said)] }) } };
}
