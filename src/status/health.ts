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
  /** Asks every probe now: the names of those that do not answer within the time limit. A refusal is an answer. */
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
  const probes = new Map<string, () => Promise<Probed>>();
  const probeAll = () => Promise.all([...probes.values()].map((probe) => probe()));
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
      const probed = await probeAll();
      signal.throwIfAborted();
      for (const { result } of probed) outages.saw(result.name, result.problem);
      await clock.sleep(probed.every(({ result }) => result.ok) ? lookEveryMs : lookAgainMs, signal);
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
        ...(await probeAll()).map(({ result }) => result),
        resultOf('moving', stuck.length === 0 ? undefined : stuck.join('; ')),
      ];
      return { ready: checks.every(({ ok }) => ok), checks };
    },
    answering: () => outages.answering(),
    silent: async () =>
      (await probeAll()).filter(({ answered }) => !answered).map(({ result }) => result.name),
    run: (signal) =>
      together(signal, (within, begin) => {
        begin(lookAtStages(within));
        begin(lookAtStores(within));
      }),
  };
}

interface Probed {
  readonly result: CheckResult;
  /** Be it that it refuses. */
  readonly answered: boolean;
}

/** One question at a time, however many ask. */
function createProbe(name: string, ask: () => Promise<unknown>, clock: Clock): () => Promise<Probed> {
  let last: { readonly at: number; readonly probed: Probed } | undefined;
  let asking: Promise<Probed> | undefined;
  const put = async (): Promise<Probed> => {
    const probed = await ask().then(
      () => ({ result: resultOf(name, undefined), answered: true }),
      (error: unknown) => {
        const known = isMillraceError(error);
        const problem = known ? `${error.code}: ${error.message}` : describeError(error);
        return { result: failed(name, problem), answered: known && error.code !== 'StoreUnreachable' };
      },
    );
    last = { at: clock.now(), probed };
    asking = undefined;
    return probed;
  };
  return async () => {
    if (last && !asking && clock.now() - last.at < holdsMs) return last.probed;
    asking ??= put();
    const late = new AbortController();
    try {
      return await Promise.race([
        asking,
        clock.sleep(probeLimitMs, late.signal).then(() => ({
          result: failed(name, `no answer within ${probeLimitMs / 1_000} s`),
          answered: false,
        })),
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
