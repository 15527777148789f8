// The processor role: every processor of the manifest in a loop of its own. One whose SQL fails stops alone, with the
// reason in its state; trouble that passes (a lost claim, too many open files) is tried again; a full disk ends the run.

import { createHash } from 'node:crypto';
import { describeError, isMillraceError, type MillraceError } from '../errors.ts';
import type { ResultTable } from '../stores/results/port.ts';
import { together } from '../together.ts';
import { type ProcessorSpec, runDueWindows, type WindowDeps } from './run-windows.ts';
import { createSettledTimes } from './settled-times.ts';

export interface ProcessorsDeps extends Omit<WindowDeps, 'spec'> {
  readonly specs: readonly ProcessorSpec[];
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
  /** Start of the window that is not closed yet. */
  readonly openWindow: number | undefined;
  /** Every window that was due at this time is done. Milliseconds since 1970. */
  readonly caughtUpAt: number | undefined;
}

export interface Processors {
  run(signal: AbortSignal): Promise<void>;
  figures(): readonly ProcessorFigures[];
}

const retryMs = 2_000;

export function createProcessors(deps: ProcessorsDeps): Processors {
  const loops = deps.specs.map((spec) => createLoop(spec, deps));
  return {
    run: (signal) =>
      together(signal, (stop, start) => {
        for (const loop of loops) start(loop.run(stop));
      }),
    figures: () => loops.map((loop) => loop.figures()),
  };
}

function createLoop(spec: ProcessorSpec, deps: ProcessorsDeps) {
  const { engine, results, clock } = deps;
  const logger = deps.logger.child({ processor: spec.name });
  let figures: ProcessorFigures = {
    spec,
    table: undefined,
    state: 'waiting',
    problem: undefined,
    windows: 0,
    rows: 0,
    newestWindow: undefined,
    openWindow: undefined,
    caughtUpAt: undefined,
  };
  const set = (change: Partial<ProcessorFigures>): void => {
    figures = { ...figures, ...change };
  };

  const prepare = async (): Promise<ResultTable> => {
    const columns = await engine.describe({ sql: spec.sql, where: `processor ${spec.name}` });
    const table = await results.ensureTable({
      owner: spec.owner,
      processor: spec.name,
      window: spec.window,
      columns,
      fingerprint: fingerprint(spec),
    });
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
    const { open, left } = await runDueWindows({ ...deps, spec, logger, table, settled, signal, onWindow });
    const caughtUp =
      left === 0 ? { caughtUpAt: startedAt, state: 'running' as const } : { state: 'waiting' as const };
    set({ openWindow: open, problem: undefined, ...caughtUp });
  };

  return {
    figures: () => figures,
    run: async (signal: AbortSignal): Promise<void> => {
      let table: ResultTable | undefined;
      while (!signal.aborted) {
        try {
          table ??= await prepare();
          await pass(table, signal);
          await deps.logChanged(signal);
        } catch (error) {
          signal.throwIfAborted();
          // A full disk is everybody's: the run ends with it, and goes on when there is space.
          if (!isMillraceError(error) || error.code === 'DiskFull') throw error;
          if (!error.retry) {
            logger.error({ code: error.code, ...error.fields }, describeError(error));
            set({ state: 'failed', problem: error });
            return;
          }
          set({ state: 'waiting', problem: error });
          logger.warn({ code: error.code }, describeError(error));
          await clock.sleep(retryMs, signal);
        }
      }
    },
  };
}

/** Another SQL or window is another version of the table. */
export function fingerprint({ sql, window }: Pick<ProcessorSpec, 'sql' | 'window'>): string {
  return createHash('sha256')
    .update(JSON.stringify({ sql: sql.trim(), window }))
    .digest('hex')
    .slice(0, 16);
}
