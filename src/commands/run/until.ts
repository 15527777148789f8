// When `--until` is reached: the target is final in the log with everything before it, and every processor has looked
// at the log since, so each window that the target closes has its rows.

import type { Clock } from '../../clock.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { createPatience } from '../../patience.ts';
import { formatDuration } from '../../status/figures.ts';
import { isoTime } from '../../stores/results/iso-time.ts';
import type { OneProcess } from './one-process.ts';

export type Until = 'head' | number;

const pauseMs = 50;

/** Resolves when reached. @throws NothingKept, and the error of a processor that failed: its rows will never be there */
export async function untilReached(until: Until, run: OneProcess, deps: UntilDeps): Promise<void> {
  const { clock, signal } = deps;
  const target = await targetOf(until, run, deps);
  let coveredAt: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    if (coveredAt === undefined) {
      if (await covered(target, run)) coveredAt = clock.now();
      else refuseExpired(target, run, clock);
    }
    const processors = run.processors.figures();
    const failed = processors.find((processor) => processor.state === 'failed');
    if (failed?.problem) throw failed.problem;
    const since = coveredAt;
    if (
      since !== undefined &&
      processors.every(({ caughtUpAt }) => caughtUpAt !== undefined && caughtUpAt >= since)
    )
      return;
    await clock.sleep(pauseMs, signal);
  }
}

async function covered(target: Target, { stores, start }: OneProcess): Promise<boolean> {
  const from = start();
  if (from === undefined) return false;
  const coverage = await stores.log.coverage();
  return (
    from > target.number || coverage.some((interval) => interval.from <= from && interval.to >= target.number)
  );
}

interface Target {
  readonly number: number;
  /** Unix seconds; unknown while the chain has not come there. */
  readonly time: number | undefined;
}

/** Waits for a node that is away, and for a chain that has no head yet. */
async function targetOf(until: Until, { reader }: OneProcess, deps: UntilDeps): Promise<Target> {
  const { clock, signal } = deps;
  const patience = createPatience(deps);
  for (;;) {
    try {
      const header = await reader.header(until === 'head' ? 'latest' : until, signal);
      const number = until === 'head' ? header?.number : until;
      if (number !== undefined) return { number, time: header?.timestamp };
      await clock.sleep(1_000, signal);
    } catch (error) {
      if (!isMillraceError(error) || !error.retry) throw error;
      await patience.failed(error, signal);
    }
  }
}

export interface UntilDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A block beyond the retention is never kept: waiting for it would never end. @throws NothingKept */
function refuseExpired({ number, time }: Target, { retention }: OneProcess, clock: Clock): void {
  if (retention === 'forever' || time === undefined || time * 1_000 > clock.now() - retention) return;
  throw new MillraceError('NothingKept', {
    number,
    time: isoTime(time),
    retention: formatDuration(retention / 1_000),
  });
}

/** What stands when the run ends, for a person: a line per processor, the open window named. */
export async function summary({ stores, processors, recorder }: OneProcess): Promise<readonly string[]> {
  const final = await stores.log.newestFinal();
  const size = await stores.log.size();
  const lines = [
    `final in the log up to block ${final?.number ?? 'none'}; ${size.blocks} blocks, ${size.transactions} transactions, ${size.logs} logs in all`,
  ];
  const { expired } = recorder.figures();
  if (expired > 0) lines.push(`${expired} blocks were older than transactionLog.retention: not kept`);
  for (const { spec, table, windows, rows, openWindow, problem } of processors.figures()) {
    const open =
      openWindow === undefined
        ? 'no window open yet'
        : `open window ${isoTime(openWindow)} to ${isoTime(openWindow + spec.window)}`;
    lines.push(
      isMillraceError(problem)
        ? `${spec.name}: ${problem.code}`
        : `${spec.name}: ${windows} windows, ${rows} rows in ${spec.owner}.${table?.name ?? '?'}; ${open}`,
    );
  }
  return lines;
}

export function parseUntil(text: string): Until | undefined {
  if (text === 'head') return 'head';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
