// When `--until` is reached: the target is final in the log with everything before it, and every processor has looked
// at the log since, so each window that the target closes has its rows.

import type { Clock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import { formatTime } from '../../processor/windows.ts';
import type { OneProcess } from './one-process.ts';

export type Until = 'head' | number;

const pauseMs = 50;

/** Resolves when reached. @throws the error of a processor that failed: its rows will never be there */
export async function untilReached(
  until: Until,
  run: OneProcess,
  deps: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, signal } = deps;
  const target = until === 'head' ? await headNow(run, signal) : until;
  let coveredAt: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    if (coveredAt === undefined && (await covered(target, run))) coveredAt = clock.now();
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

async function headNow({ reader }: OneProcess, signal: AbortSignal): Promise<number> {
  return (await reader.header('latest', signal))?.number ?? 0;
}

async function covered(target: number, { stores, start }: OneProcess): Promise<boolean> {
  const from = start();
  if (from === undefined) return false;
  const coverage = await stores.log.coverage();
  return from > target || coverage.some((interval) => interval.from <= from && interval.to >= target);
}

/** What stands when the run ends, for a person: a line per processor, the open window named. */
export async function summary({ stores, processors }: OneProcess): Promise<readonly string[]> {
  const final = await stores.log.newestFinal();
  const size = await stores.log.size();
  const lines = [
    `final in the log up to block ${final?.number ?? 'none'}: ${size.blocks} blocks, ${size.transactions} transactions, ${size.logs} logs`,
  ];
  for (const { spec, table, windows, rows, openWindow, problem } of processors.figures()) {
    const open =
      openWindow === undefined
        ? 'no window open yet'
        : `open window ${formatTime(openWindow)} to ${formatTime(openWindow + spec.window)}`;
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
