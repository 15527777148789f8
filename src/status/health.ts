// Is a process ready: do its stores answer within a time limit, does nothing keep it from its work, and is it moving?
// Alive is another question, which the answer itself answers: the event loop turns.

import type { Clock } from '../clock.ts';
import { describeError } from '../errors.ts';
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
  /** Looks whether the stages move, until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

const probeLimitMs = 3_000;
/** A moment ago is now: a crowd of probes asks the stores once. */
const holdsMs = 1_000;
const lookEveryMs = 5_000;

export function createHealth({ clock }: { readonly clock: Clock }): Health {
  const probes = new Map<string, () => Promise<CheckResult>>();
  const problems = new Map<string, string>();
  const asked = new Map<string, () => string | undefined>();
  const watches: { readonly places: () => Promise<readonly StagePlace[]>; readonly watch: StuckWatch }[] = [];
  let stopping = false;

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
    run: async (signal) => {
      for (;;) {
        for (const { places, watch } of watches) {
          // A store that does not answer is said by its probe.
          const seen = await places().catch(() => undefined);
          if (seen) watch.look(seen);
        }
        await clock.sleep(lookEveryMs, signal);
      }
    },
  };
}

/** One question at a time, however many ask. */
function createProbe(name: string, ask: () => Promise<unknown>, clock: Clock): () => Promise<CheckResult> {
  let last: { readonly at: number; readonly result: CheckResult } | undefined;
  let asking: Promise<CheckResult> | undefined;
  const put = async (): Promise<CheckResult> => {
    const result = await ask().then(
      () => resultOf(name, undefined),
      (error: unknown) => failed(name, describeError(error)),
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
