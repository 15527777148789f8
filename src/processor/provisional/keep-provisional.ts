// The owner of a table's provisional rows: follows the topics on positions of its own, and writes the rows of every open
// window anew when its blocks changed. Who is not the owner waits for it to end.

import { randomInt } from 'node:crypto';
import { decodeCursor } from '../../chain/step.ts';
import { isMillraceError, type MillraceError } from '../../errors.ts';
import { isoTime } from '../../stores/results/iso-time.ts';
import type { ResultTable } from '../../stores/results/port.ts';
import type { ProvisionalClaim } from '../../stores/results/provisional.ts';
import type { PipelineTopics } from '../../stores/topics/pipeline-topics.ts';
import type { Topics } from '../../stores/topics/port.ts';
import type { WindowDeps } from '../compute-window.ts';
import { whileClaimed } from '../keep-claim.ts';
import { windowStart } from '../windows.ts';
import { followTopic } from './follow-topic.ts';
import { createLogBelow, type LogBelow } from './log-below.ts';
import { scanOpenWindow } from './open-window-scan.ts';
import { createOpenWindows, type OpenWindows } from './open-windows.ts';
import { findStart } from './topic-start.ts';
import { readTopicSteps } from './topic-steps.ts';
import { createTrackedChain } from './tracked-chain.ts';

export interface ProvisionalFigures {
  /** `elsewhere`: another processor keeps the provisional rows of this table. */
  readonly state: 'owner' | 'elsewhere' | 'waiting';
  /** Number of the newest block that the rows contain. */
  readonly height: number | undefined;
  /** Why a window could not be computed. */
  readonly problem: MillraceError | undefined;
}

export interface ProvisionalDeps extends WindowDeps {
  readonly table: ResultTable;
  readonly topics: Topics;
  readonly names: PipelineTopics;
  /** Of rows held in memory. */
  readonly keepBytes: number;
  readonly onChange: (figures: ProvisionalFigures) => void;
}

const ownerTtlMs = 15_000;
const idleMs = 100;
/** While the topic has more, rows are written this often, and the log is asked this often for what it has added. */
const behindMs = 5_000;
const stepsAtOnce = 500;
const rowsPauseMs = 500;

/** Runs until aborted. @throws StoreUnreachable, StoreDenied, StoreDiffers, DiskFull */
export async function keepProvisionalRows(deps: ProvisionalDeps, signal: AbortSignal): Promise<never> {
  const { results, table, holder, clock, logger } = deps;
  for (;;) {
    signal.throwIfAborted();
    const claim = await results.provisional.claim(table, { holder, ttl: ownerTtlMs, now: clock.now() });
    if (!claim) {
      deps.onChange({ state: 'elsewhere', height: undefined, problem: undefined });
      await clock.sleep(randomInt(ownerTtlMs / 3, ownerTtlMs), signal);
      continue;
    }
    try {
      await whileClaimed(claim, { clock, signal, ttl: ownerTtlMs }, (held) => own(claim, deps, held));
    } catch (error) {
      signal.throwIfAborted();
      if (!isMillraceError(error, 'LogGap') && !isMillraceError(error, 'ClaimLost')) throw error;
      logger.info({ code: error.code }, `provisional rows: ${error.message}; beginning anew`);
      await clock.sleep(idleMs, signal);
    } finally {
      await claim
        .release()
        .catch((also: unknown) =>
          logger.warn({ error: also }, 'the provisional rows could not be given back'),
        );
    }
  }
}

/** As long as the claim holds. */
async function own(claim: ProvisionalClaim, deps: ProvisionalDeps, signal: AbortSignal): Promise<never> {
  const { spec, log, results, table, topics, names, clock, keepBytes } = deps;
  const [coverage, stored] = await Promise.all([log.coverage(), results.provisional.windows(table)]);
  const position = claim.position === undefined ? undefined : decodeCursor(claim.position);
  const start = await findStart({
    topics,
    names,
    finalTo: coverage.at(-1)?.to,
    sequence: position?.sequence,
  });
  const chain = createTrackedChain({ keepBytes });
  const windows = createOpenWindows(
    spec.window,
    stored.map((window) => window.start),
  );
  const follower = followTopic(readTopicSteps(topics, start), chain, windows);
  const below = createLogBelow(log, chain, windows.touch);
  let [wroteAt, askedAt, asked] = [clock.now(), 0, -1];
  for (;;) {
    const idle = await follower.catchUp(stepsAtOnce, signal);
    const { cursor } = follower;
    const now = clock.now();
    if (cursor && (cursor.sequence !== asked || (windows.changed > 0 && now - askedAt >= behindMs / 5))) {
      await below.refresh(cursor);
      [askedAt, asked] = [now, cursor.sequence];
    }
    if (cursor && windows.changed > 0 && (idle || now - wroteAt >= behindMs)) {
      const first = chain.blocks[0]?.facts.timestamp ?? 0;
      const openFrom = windowStart(first, spec.window);
      const commit = {
        sequence: cursor.sequence,
        position: windows.position(openFrom) ?? claim.position ?? '',
        openFrom,
      };
      await writeDue({ ...deps, claim, windows, below, commit, signal });
      const { problem } = windows;
      deps.onChange({ state: 'owner', height: chain.blocks.at(-1)?.facts.number, problem });
      wroteAt = clock.now();
    }
    if (idle) await clock.sleep(idleMs, signal);
  }
}

interface WriteDeps extends ProvisionalDeps {
  readonly claim: ProvisionalClaim;
  readonly windows: OpenWindows;
  readonly below: LogBelow;
  readonly commit: Parameters<ProvisionalClaim['replace']>[2];
  readonly signal: AbortSignal;
}

/** A window whose SQL fails keeps its rows, and is tried again. */
async function writeDue(deps: WriteDeps): Promise<void> {
  const { windows, below, clock, logger, signal } = deps;
  for (const start of windows.due(clock.now())) {
    if (!below.isWhole(start)) continue;
    try {
      const tookMs = await writeWindow(start, deps);
      windows.done(start, { now: clock.now(), tookMs });
    } catch (error) {
      signal.throwIfAborted();
      if (!isMillraceError(error)) throw error;
      // The recorder has not seen a block yet: a moment later it has.
      if (error.code === 'RowsMissing') windows.postpone(start, clock.now() + rowsPauseMs);
      else if (error.code.startsWith('Sql')) {
        const pauseMs = windows.failed(start, { now: clock.now(), problem: error });
        logger.warn(
          { code: error.code, window: start },
          `provisional rows, tried again in ${pauseMs / 1_000} s: ${error.message}`,
        );
        // Its others would go over it too, and keep the turn from other processors.
        if (error.code === 'SqlLimit') return;
      } else throw error;
    }
  }
}

/** How long it took, in ms, once it had its turn. */
async function writeWindow(start: number, deps: WriteDeps): Promise<number> {
  const { spec, log, engine, limits, turns, claim, below, commit, clock, signal } = deps;
  const end = start + spec.window;
  const open = below.window(start, end);
  const isEmpty =
    open.blocks.length === 0 &&
    (await log.blocks({ range: { time: open.window }, limit: 1 })).every(
      ({ timestamp }) => timestamp >= (open.finalUntil ?? 0),
    );
  // A window without a block has no rows, as it will have none when it is final.
  if (isEmpty) {
    await claim.replace(start, [], commit);
    return 0;
  }
  if (below.isClosed(end)) return 0;
  const where = `processor ${spec.name}, open window ${isoTime(start)}`;
  return turns.take(async () => {
    const began = clock.now();
    const scan = await scanOpenWindow(log, open);
    const request = { sql: spec.sql, where, scan, window: open.window, limits, signal };
    await engine.run(request, ({ rows }) => claim.replace(start, rows, commit));
    return clock.now() - began;
  }, signal);
}
