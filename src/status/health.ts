// Is a process ready: do its stores answer within a time limit, does nothing keep it from its work, and is it moving?
// Alive is another question, which the answer itself answers: the event loop turns.

import type { Clock } from '../clock.ts';
import { describeError, isMillraceError } from '../errors.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { together } from '../together.ts';
import { createOutages } from './outages.ts';
import { createStuckWatch, type StagePlace, type StuckWatch } from './stuck-watch.ts';

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly problem?: string;
}

export interface HealthReport {
  readonly ready: boolean;
  readonly checks: readonly CheckResult[];
}

export interface Health {
  /** A question that must be answered within the time limit. */
  probe(name: string, ask: () => Promise<unknown>): void;
  /** What must move while it is behind; it may stand still for `stuckAfterMs`. */
  watch(places: () => Promise<readonly StagePlace[]>, stuckAfterMs: number): void;
  /** What keeps it from its work, in words; undefined when that is over. */
  problem(name: string, problem: string | undefined): void;
  /** The same, asked at each report. */
  ask(name: string, problem: () => string | undefined): void;
  /** It ends: not ready any more, at once. */
  stopping(): void;
  report(): Promise<HealthReport>;
  /** The probes, by name, and whether the last one was answered; those asked so far. */
  answering(): ReadonlyMap<string, boolean>;
  /** Asks every probe now: the names of those that do not answer within the time limit. */
  silent(): Promise<readonly string[]>;
  /** Looks whether the stages move and the stores answer, and says when a store does not, until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

const probeLimitMs = 3_000;
/** A moment ago is now: a crowd of probes asks the stores once. */
const holdsMs = 1_000;
const lookEveryMs = 5_000;
/** While a store does not answer. */
const lookAgainMs = 1_000;

export function createHealth({
  clock,
  logger = silentLogger,
}: {
  readonly clock: Clock;
  /** Told when a store stops answering, and when it answers again. Default: nobody. */
  readonly logger?: Logger;
}): Health {
  const probes = new Map<string, () => Promise<CheckResult>>();
  const problems = new Map<string, string>();
  const asked = new Map<string, () => string | undefined>();
  const watches: { readonly places: () => Promise<readonly StagePlace[]>; readonly watch: StuckWatch }[] = [];
  const outages = createOutages({ clock, logger });
  let stopping = false;

  const lookAtStages = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      for (const { places, watch } of watches) {
        // A store that does not answer is said by its probe.
        const seen = await places().catch(() => undefined);
        if (seen) watch.look(seen);
      }
      await clock.sleep(lookEveryMs, signal);
    }
  };
  const lookAtStores = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      const results = await Promise.all([...probes.values()].map((probe) => probe()));
      signal.throwIfAborted();
      for (const { name, problem } of results) outages.saw(name, problem);
      await clock.sleep(results.every(({ ok }) => ok) ? lookEveryMs : lookAgainMs, signal);
    }
  };

  return {
    probe: (name, ask) => probes.set(name, createProbe(name, ask, clock)),
    watch: (places, stuckAfterMs) =>
      watches.push({ places, watch: createStuckWatch({ clock, stuckAfterMs }) }),
    problem: (name, problem) => {
      if (problem === undefined) problems.delete(name);
      else problems.set(name, problem);
    },
    ask: (name, problem) => asked.set(name, problem),
    stopping: () => {
      stopping = true;
    },
    report: async () => {
      const stuck = watches.flatMap(({ watch }) => watch.stuck());
      const checks = [
        ...(stopping ? [failed('process', 'it is stopping')] : []),
        ...[...problems].map(([name, problem]) => failed(name, problem)),
        ...[...asked].map(([name, ask]) => resultOf(name, ask())),
        ...(await Promise.all([...probes.values()].map((probe) => probe()))),
        resultOf('moving', stuck.length === 0 ? undefined : stuck.join('; ')),
      ];
      return { ready: checks.every(({ ok }) => ok), checks };
    },
    answering: () => outages.answering(),
    silent: async () => {
      const results = await Promise.all([...probes.values()].map((probe) => probe()));
      return results.filter(({ ok }) => !ok).map(({ name }) => name);
    },
    run: (signal) =>
      together(signal, (within, begin) => {
        begin(lookAtStages(within));
        begin(lookAtStores(within));
      }),
  };
}

/** One question at a time, however many ask. */
function createProbe(name: string, ask: () => Promise<unknown>, clock: Clock): () => Promise<CheckResult> {
  let last: { readonly at: number; readonly result: CheckResult } | undefined;
  let asking: Promise<CheckResult> | undefined;
  const put = async (): Promise<CheckResult> => {
    const result = await ask().then(
      () => resultOf(name, undefined),
      (error: unknown) =>
        failed(name, isMillraceError(error) ? `${error.code}: ${error.message}` : describeError(error)),
    );
    last = { at: clock.now(), result };
    asking = undefined;
    return result;
  };
  return async () => {
    if (last && !asking && clock.now() - last.at < holdsMs) return last.result;
    asking ??= put();
    const late = new AbortController();
    try {
      return await Promise.race([
        asking,
        clock
          .sleep(probeLimitMs, late.signal)
          .then(() => failed(name, `no answer within ${probeLimitMs / 1_000} s`)),
      ]);
    } finally {
      late.abort();
    }
  };
}

function resultOf(name: string, problem: string | undefined): CheckResult {
  return problem === undefined ? { name, ok: true } : failed(name, problem);
}

function failed(name: string, problem: string): CheckResult {
  return { name, ok: false, problem };
}
