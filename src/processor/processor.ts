// The processor role: every processor of the manifest in loops of its own: one for the windows that are final, and, with
// `source: topic`, one for those that are open. A processor whose SQL fails stops alone, with the reason in its state;
// trouble that may pass (a store that does not answer, or is not as it was made) is tried again; a full disk ends the run.

import type { QueryLimits } from '../batch-engine/port.ts';
import { createTurns, type Turns } from '../batch-engine/turns.ts';
import { describeError, isMillraceError, type MillraceError } from '../errors.ts';
import { createPatience, mayPass } from '../patience.ts';
import type { ResultTable } from '../stores/results/port.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Topics } from '../stores/topics/port.ts';
import { isAbort, together } from '../together.ts';
import type { ProcessorSpec, WindowDeps } from './compute-window.ts';
import { ensureOwnTable } from './own-table.ts';
import { keepProvisionalRows, type ProvisionalFigures } from './provisional/keep-provisional.ts';
import { runDueWindows } from './run-windows.ts';
import { createSettledTimes } from './settled-times.ts';
import { createWindowCounts, type WindowFigures } from './window-counts.ts';
import type { WindowRange } from './windows.ts';

export interface ProcessorsDeps extends Omit<WindowDeps, 'spec' | 'turns' | 'sparkTurns'> {
  readonly specs: readonly ProcessorSpec[];
  /** What `source: topic` reads; needed when a processor has it. */
  readonly topics?: { readonly store: Topics; readonly names: PipelineTopics };
  /**
   * Windows that are computed here at once, over all processors, and as many on Spark. Default 2: each here may take
   * `limits.memoryBytes`, and so may one more, which is open.
   */
  readonly concurrent?: number;
  /** Of a window that is open, instead of `limits`: all share one turn, so its time is how long the others may wait. */
  readonly openLimits: QueryLimits;
  /** Resolves when the log may have changed, or after a while. */
  readonly logChanged: (signal: AbortSignal) => Promise<void>;
}

export interface ProcessorFigures {
  readonly spec: ProcessorSpec;
  readonly table: ResultTable | undefined;
  readonly state: 'running' | 'waiting' | 'failed';
  /** Why it failed, or what it waits for. */
  readonly problem: MillraceError | undefined;
  readonly windows: number;
  readonly rows: number;
  readonly newestWindow: number | undefined;
  /** Windows that are covered and have no rows yet, as far as this process has seen; undefined before it has looked. */
  readonly due: number | undefined;
  /** Start of the window that is not closed yet. */
  readonly openWindow: number | undefined;
  /** Every window that was due at this time is done. Milliseconds since 1970. */
  readonly caughtUpAt: number | undefined;
  /** Rows of open windows; undefined with `source: log`. */
  readonly provisional: ProvisionalFigures | undefined;
  /** Of this process, since it started. */
  readonly own: WindowFigures;
}

export interface Processors {
  /** Until aborted, also when every processor has failed or there is none. @throws DiskFull */
  run(signal: AbortSignal): Promise<void>;
  figures(): readonly ProcessorFigures[];
}

const longestPauseMs = 15_000;
/** Of rows of open windows held in memory, over all processors. */
const keptBytes = 32 * 1024 * 1024;

export function createProcessors(deps: ProcessorsDeps): Processors {
  const turnsOf = (concurrent: number) => createTurns({ concurrent, waiting: Number.POSITIVE_INFINITY });
  const { concurrent = 2 } = deps;
  // Rows that follow the head do not wait for windows that take minutes, nor windows here for those on Spark.
  const [here, onSpark, openTurns] = [turnsOf(concurrent), turnsOf(concurrent), turnsOf(1)];
  const followers = deps.specs.filter(({ source }) => source === 'topic').length;
  const keepBytes = keptBytes / Math.max(1, followers);
  const loops = deps.specs.map((spec) =>
    createLoop({
      ...deps,
      spec,
      turns: spec.engine === 'spark' ? onSpark : here,
      sparkTurns: onSpark,
      openTurns,
      keepBytes,
    }),
  );
  return {
    run: (signal) =>
      together(signal, (stop, start) => {
        start(aborted(stop));
        for (const loop of loops) start(loop.run(stop));
      }),
    figures: () => loops.map((loop) => loop.figures()),
  };
}

function createLoop(
  deps: ProcessorsDeps & WindowDeps & { readonly openTurns: Turns; readonly keepBytes: number },
) {
  const { spec, results, clock } = deps;
  const logger = deps.logger.child({ processor: spec.name });
  const counts = createWindowCounts();
  let figures: Omit<ProcessorFigures, 'own' | 'due'> = {
    spec,
    table: undefined,
    state: 'waiting',
    problem: undefined,
    windows: 0,
    rows: 0,
    newestWindow: undefined,
    openWindow: undefined,
    caughtUpAt: undefined,
    provisional:
      spec.source === 'topic' ? { state: 'waiting', height: undefined, problem: undefined } : undefined,
  };
  const set = (change: Partial<typeof figures>): void => {
    figures = { ...figures, ...change };
  };

  const prepare = async (): Promise<ResultTable> => {
    const table = await ensureOwnTable(deps);
    const progress = await results.progress(table);
    if (table.version > 1) {
      logger.info(
        { table: table.name, owner: table.owner },
        'the SQL or window is not that of the first version: its rows are in a table of their own',
      );
    }
    set({
      table,
      state: 'running',
      windows: progress.windows,
      rows: progress.rows,
      newestWindow: progress.newest,
    });
    return table;
  };

  const settled = createSettledTimes();
  let covered: readonly WindowRange[] | undefined;
  const due = (): number | undefined =>
    covered
      ?.flatMap((range) => settled.missingFrom(range))
      .reduce((sum, { from, to }) => sum + (to - from) / spec.window, 0);
  const onCovered = (ranges: readonly WindowRange[]): void => {
    covered = ranges;
  };
  const pass = async (table: ResultTable, signal: AbortSignal): Promise<void> => {
    const startedAt = clock.now();
    const onWindow = (start: number, rows: number): void => {
      logger.debug({ window: start, rows }, 'window done');
      set({
        windows: figures.windows + 1,
        rows: figures.rows + rows,
        newestWindow: Math.max(start, figures.newestWindow ?? start),
      });
    };
    const { open, left } = await runDueWindows({
      ...deps,
      logger,
      table,
      settled,
      counts,
      signal,
      onWindow,
      onCovered,
    });
    const caughtUp =
      left === 0 ? { caughtUpAt: startedAt, state: 'running' as const } : { state: 'waiting' as const };
    set({ openWindow: open, problem: undefined, ...caughtUp });
  };

  const final = async (table: ResultTable, signal: AbortSignal): Promise<void> => {
    const patience = createPatience({ clock, logger, what: `processor ${spec.name}`, longestPauseMs });
    for (;;) {
      // `logChanged` may resolve when aborted.
      signal.throwIfAborted();
      try {
        await pass(table, signal);
        patience.succeeded();
        await deps.logChanged(signal);
      } catch (error) {
        signal.throwIfAborted();
        // Another one writes that window.
        if (isMillraceError(error, 'ClaimLost')) continue;
        if (!mayPass(error)) throw error;
        set({ state: 'waiting', problem: error });
        await patience.failed(error, signal);
      }
    }
  };

  const provisional = async (table: ResultTable, signal: AbortSignal): Promise<void> => {
    if (!deps.topics) throw new TypeError(`processor ${spec.name} reads topics, and is given none`);
    const { store: topics, names } = deps.topics;
    const what = `processor ${spec.name}, provisional rows`;
    const patience = createPatience({ clock, logger, what, longestPauseMs });
    const onChange = (change: ProvisionalFigures): void => {
      patience.succeeded();
      set({ provisional: change });
    };
    for (;;) {
      try {
        await keepProvisionalRows(
          { ...deps, limits: deps.openLimits, turns: deps.openTurns, logger, table, topics, names, onChange },
          signal,
        );
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(error)) throw error;
        set({ provisional: { state: 'waiting', height: undefined, problem: error } });
        await patience.failed(error, signal);
      }
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const patience = createPatience({ clock, logger, what: `processor ${spec.name}`, longestPauseMs });
    let table: ResultTable | undefined;
    while (!table) {
      try {
        table = await prepare();
        patience.succeeded();
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(error)) throw error;
        set({ state: 'waiting', problem: error });
        await patience.failed(error, signal);
      }
    }
    const made = table;
    await together(signal, (stop, start) => {
      start(final(made, stop));
      if (spec.source === 'topic') start(provisional(made, stop));
    });
  };

  return {
    figures: () => ({
      ...figures,
      // One that has stopped has nothing before it that more processes would do.
      due: figures.state === 'failed' ? undefined : due(),
      problem: figures.problem ?? figures.provisional?.problem,
      own: counts.figures(),
    }),
    run: async (signal: AbortSignal): Promise<void> => {
      try {
        await run(signal);
      } catch (error) {
        if (isAbort(error, signal)) throw error;
        // A full disk is everybody's: the run ends with it, and goes on when there is space.
        if (!isMillraceError(error) || error.code === 'DiskFull') throw error;
        logger.error({ code: error.code, ...error.fields }, describeError(error));
        set({ state: 'failed', problem: error });
      }
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
