// The figures a person asks for first, read from the roles' own metrics about once a minute. Nobody waits for it: a
// reconcile takes what was read last. What cannot be read is absent, never zero.

import type { PipelineStatus } from '../../../api/pipeline-status.ts';
import type { Clock } from '../../../clock.ts';
import type { LiveObject } from '../../../kube/object.ts';
import { type Component, componentLabel } from '../../names.ts';
import { rolePorts } from '../../ports.ts';
import type { PodReader } from '../../read-pod.ts';
import type { RoleComponent } from '../../role-manifest.ts';
import type { TextSample } from '../../scaling/metrics-text.ts';

export type Figures = Pick<PipelineStatus, 'head' | 'finalized' | 'lag' | 'coverage'>;

export interface Look {
  /** Read last; undefined before the first. */
  readonly figures: Figures | undefined;
  /** When to look again, ms. */
  readonly againMs: number;
}

export interface FigureReader {
  /** `uid`: of a Pipeline; `pods`: its own. */
  look(uid: string, pods: () => readonly LiveObject[]): Look;
  forget(uid: string): void;
}

const everyMs = 60_000;
/** As long as a reading takes at most, and a little. */
const soonMs = 2_500;
const mostAtOnce = 32;

interface Entry {
  figures: Figures | undefined;
  readAt: number;
  reading: boolean;
}

export function createFigureReader(options: {
  readonly reader: PodReader;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): FigureReader {
  const { reader, clock, signal } = options;
  const entries = new Map<string, Entry>();
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;

  const next = (): void => {
    const job = running < mostAtOnce ? waiting.shift() : undefined;
    if (!job) return;
    running += 1;
    void job().finally(() => {
      running -= 1;
      next();
    });
  };
  const read = async (entry: Entry, pods: () => readonly LiveObject[]): Promise<void> => {
    const of = async (component: RoleComponent) => {
      const pod = readyPod(pods(), component);
      return (pod && (await reader.metrics(pod, rolePorts[component], signal))) ?? [];
    };
    const [streamer = [], recorder = [], ...processors] = await Promise.all(
      (['streamer', 'recorder', 'processor', 'processor-spark'] as const).map(of),
    );
    entry.figures = figuresOf({ streamer, recorder, processors: processors.flat() });
    entry.readAt = clock.now();
    entry.reading = false;
  };
  return {
    look: (uid, pods) => {
      const entry = entries.get(uid) ?? {
        figures: undefined,
        readAt: Number.NEGATIVE_INFINITY,
        reading: false,
      };
      entries.set(uid, entry);
      const age = clock.now() - entry.readAt;
      if (!entry.reading && age >= everyMs && !signal.aborted) {
        entry.reading = true;
        waiting.push(() => read(entry, pods));
        next();
      }
      return { figures: entry.figures, againMs: entry.reading ? soonMs : Math.max(soonMs, everyMs - age) };
    },
    forget: (uid) => entries.delete(uid),
  };
}

function readyPod(pods: readonly LiveObject[], component: Component): LiveObject | undefined {
  return pods.find(({ metadata, status }) => {
    const { conditions = [] } = (status ?? {}) as {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
    return (
      metadata.labels?.[componentLabel] === component &&
      metadata.deletionTimestamp === undefined &&
      conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')
    );
  });
}

/** Of what one pod of each role has said; nothing of one that was silent. */
export function figuresOf(said: {
  readonly streamer: readonly TextSample[];
  readonly recorder: readonly TextSample[];
  readonly processors: readonly TextSample[];
}): Figures {
  const head = sumOf(said.streamer, 'head_block_number');
  const finalized = sumOf(said.streamer, 'finalized_block_number');
  const streamerBlocks = sumOf(said.streamer, 'history_backlog_blocks');
  const recorderRecords = sumOf(said.streamer, 'lag_records') ?? sumOf(said.recorder, 'lag_records');
  const openWindows = sumOf(said.processors, 'processor_windows_due');
  const covered = sumOf(said.recorder, 'coverage_blocks');
  const lag = {
    ...(streamerBlocks !== undefined && { streamerBlocks }),
    ...(recorderRecords !== undefined && { recorderRecords }),
    ...(openWindows !== undefined && { openWindows }),
  };
  const summary = summaryOf(streamerBlocks, recorderRecords, openWindows);
  return {
    ...(head !== undefined && { head }),
    ...(finalized !== undefined && { finalized }),
    ...(Object.keys(lag).length > 0 && { lag: { summary, ...lag } }),
    ...(covered !== undefined && { coverage: coverageOf(covered, streamerBlocks, recorderRecords) }),
  };
}

function sumOf(samples: readonly TextSample[], name: string): number | undefined {
  const found = samples.filter(
    (sample) => sample.name === `millrace_${name}` && Number.isFinite(sample.value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

function summaryOf(...[blocks, records, windows]: readonly (number | undefined)[]): string {
  const part = (count: number | undefined, one: string): readonly string[] =>
    count ? [`${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`] : [];
  const parts = [...part(blocks, 'block'), ...part(records, 'record'), ...part(windows, 'window')];
  return parts.length === 0 ? 'none' : parts.join(' · ');
}

/** Blocks that are published and not recorded yet are in the lag: with any, nothing is called whole. */
function coverageOf(covered: number, backlog: number | undefined, records: number | undefined) {
  if (backlog === undefined || covered + backlog === 0) return { blocksCovered: covered };
  const blocksWanted = covered + backlog;
  const most = backlog === 0 && records === 0 ? 100 : 99;
  const percent = Math.min(Math.floor((100 * covered) / blocksWanted), most);
  return { blocksWanted, blocksCovered: covered, percent: `${percent}%` };
}
