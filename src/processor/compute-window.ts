// One claimed window from the log to its rows: what the passes over due windows and a rerun have in common.

import type { BatchEngine, QueryAnswer, QueryLimits, QueryRequest } from '../batch-engine/port.ts';
import type { Turns } from '../batch-engine/turns.ts';
import type { Clock } from '../clock.ts';
import { isMillraceError, type MillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { isoTime } from '../stores/results/iso-time.ts';
import type { Claim, Owner, Results, ResultTable } from '../stores/results/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import { claimTtlMs, whileClaimed } from './keep-claim.ts';
import type { WindowCounts } from './window-counts.ts';
import { windowFile } from './window-file.ts';
import type { WindowRange } from './windows.ts';

export interface ProcessorSpec {
  readonly name: string;
  readonly owner: Owner;
  readonly sql: string;
  /** Seconds. */
  readonly window: number;
  /** `topic`: windows that are still open have provisional rows, beside the final ones of the closed. */
  readonly source: 'log' | 'topic';
  readonly engine: 'duckdb' | 'spark' | 'auto';
  readonly output: 'table' | 'csv' | 'parquet';
}

export interface WindowDeps {
  readonly spec: ProcessorSpec;
  readonly log: TransactionLog;
  readonly results: Results;
  readonly engine: BatchEngine;
  readonly limits: QueryLimits;
  /** How many windows of this kind (final, final on Spark, open) are computed at once, over all processors of this process. */
  readonly turns: Turns;
  /** Of windows that turn out to run on Spark, with `engine: auto`. Default: they keep the turn they have. */
  readonly sparkTurns?: Turns;
  /** How long the log keeps a block, in ms. */
  readonly retention: number | 'forever';
  /** Says who holds a claim: unique among all processors, dead ones included. */
  readonly holder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ComputeDeps extends WindowDeps {
  readonly table: ResultTable;
  readonly counts: WindowCounts;
  readonly signal: AbortSignal;
}

/** Rows written, or why none were. */
export type Outcome = number | 'held by another' | 'unwanted' | 'expired';

/**
 * Claims the window, computes it when it is still `wanted` then, and replaces its rows. The claim is given back however
 * it ends. @throws what engine and stores throw, ClaimLost
 */
export async function computeWindow(
  start: number,
  wanted: () => Promise<boolean>,
  deps: ComputeDeps,
): Promise<Outcome> {
  for (let own = deps; ; ) {
    const outcome = await computeInTurn(start, wanted, own);
    if (outcome !== 'for Spark') return outcome;
    own = { ...deps, spec: { ...deps.spec, engine: 'spark' }, turns: deps.sparkTurns ?? deps.turns };
  }
}

/** `for Spark`: nothing was done; it wants a turn there, with `engine: spark`. */
async function computeInTurn(
  start: number,
  wanted: () => Promise<boolean>,
  deps: ComputeDeps,
): Promise<Outcome | 'for Spark'> {
  const { results, table, counts, holder, turns, clock, signal, logger } = deps;
  return turns.take(async () => {
    const claim = await results.claim(table, start, { holder, ttl: claimTtlMs, now: clock.now() });
    if (!claim) return 'held by another';
    counts.claimed();
    let outcome: Outcome | 'for Spark' = 'unwanted';
    let failure: MillraceError | undefined;
    try {
      if (await wanted()) {
        outcome = await whileClaimed(claim, { clock, signal }, (held) =>
          compute(claim, { ...deps, signal: held }),
        );
      }
      return outcome;
    } catch (error) {
      if (isMillraceError(error) && !signal.aborted) failure = error;
      throw error;
    } finally {
      counts.ended(typeof outcome === 'number' ? 'done' : failure);
      // Replacing has given it back already.
      if (typeof outcome !== 'number') {
        await claim
          .release()
          .catch((also: unknown) => logger.warn({ error: also }, 'a claim could not be given back'));
      }
    }
  }, signal);
}

async function compute(claim: Claim, deps: ComputeDeps): Promise<number | 'expired' | 'for Spark'> {
  const { spec, log, engine, limits, signal } = deps;
  const window = { from: claim.start, to: claim.start + spec.window };
  const scan = await log.scan({ time: window, provisional: false });
  const isWhole = (): boolean => withinRetention(window, deps).from === window.from;
  if (!isWhole()) {
    await scan.release();
    return 'expired';
  }
  const { results, table } = deps;
  const staging =
    results.staging && spec.output === 'table'
      ? { store: results.staging, table, start: window.from }
      : undefined;
  const where = `processor ${spec.name}, window ${isoTime(window.from)}`;
  const request = { sql: spec.sql, where, scan, window, staging, engine: spec.engine, limits, signal };
  if (deps.sparkTurns && spec.engine === 'auto' && (await isForSpark(request, engine))) return 'for Spark';
  return engine.run(request, async (answer) => {
    // What a far log dropped before the engine had read it would be missing from the answer.
    if (!isWhole()) return 'expired';
    return (await writeAnswer(claim, answer, deps)).rows;
  });
}

/** The scan is released when it is, or when the window fits no engine. */
async function isForSpark(request: QueryRequest, engine: BatchEngine): Promise<boolean> {
  let kept = false;
  try {
    kept = engine.runsElsewhere?.(request) !== true;
    return !kept;
  } finally {
    if (!kept) await request.scan.release();
  }
}

/** The answer in place of what the window had, with its mark: a file, rows that are staged in the store, or rows. */
function writeAnswer(
  claim: Claim,
  answer: QueryAnswer,
  { spec, results }: ComputeDeps,
): Promise<{ readonly rows: number }> {
  if (spec.output !== 'table') return claim.replaceFile(windowFile(spec.output, answer));
  if (answer.staged && results.staging) return results.staging.replaceStaged(claim, answer.staged);
  return claim.replace(answer.rows);
}

/** The windows of the range that the log has not begun to drop. */
export function withinRetention(
  range: WindowRange,
  { spec, retention, clock }: Pick<WindowDeps, 'spec' | 'retention' | 'clock'>,
): WindowRange {
  if (retention === 'forever') return range;
  const oldest = Math.ceil((clock.now() - retention) / 1_000);
  return { from: Math.max(range.from, Math.ceil(oldest / spec.window) * spec.window), to: range.to };
}
