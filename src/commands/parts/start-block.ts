// The first block wanted: the manifest's `start`, resolved against the chain, and never one that the log would let go of
// at once. Asked at each plan of the history, so an age moves on with the clock.

import { parseDuration } from '../../api/duration.ts';
import type { StartSpec } from '../../api/pipeline.ts';
import { resolveStart, type Start } from '../../chain/find-block.ts';
import type { ChainReader } from '../../chain/reader.ts';
import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { TransactionLog } from '../../stores/transaction-log/port.ts';

export interface FirstWanted {
  /** `finalized` is the number of a final block. @throws BlockMissing, StartUnknown, and what the reader throws */
  at(finalized: number): Promise<number>;
  /** The last answer. */
  known(): number | undefined;
}

interface FirstWantedDeps {
  readonly reader: ChainReader;
  readonly log: Pick<TransactionLog, 'coverage'>;
  readonly start: StartSpec;
  /** In ms. */
  readonly retention: number | 'forever';
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** An age is a bisection of dozens of calls: an answer holds this long, or a twentieth of the retention. */
const answerHoldsMs = 10 * 60_000;

export function createFirstWanted(deps: FirstWantedDeps): FirstWanted {
  const { retention, clock } = deps;
  const holdsMs = retention === 'forever' ? answerHoldsMs : Math.min(answerHoldsMs, retention / 20);
  let answer: { readonly number: number; readonly until: number } | undefined;
  return {
    at: async (finalized) => {
      if (answer && clock.now() < answer.until) return answer.number;
      const until = clock.now() + holdsMs;
      answer = { number: await resolve(deps, finalized, holdsMs), until };
      return answer.number;
    },
    known: () => answer?.number,
  };
}

async function resolve(deps: FirstWantedDeps, finalizedNumber: number, holdsMs: number): Promise<number> {
  const { reader, log, start, retention, clock, signal } = deps;
  // `latest` was answered when the first block was covered; later it must not jump ahead.
  if (start === 'latest') return (await log.coverage())[0]?.from ?? finalizedNumber + 1;
  const finalized = await reader.header(finalizedNumber, signal);
  if (!finalized) throw new MillraceError('BlockMissing', { endpoint: 'the node', block: finalizedNumber });
  const common = { reader, now: Math.floor(clock.now() / 1_000), finalized, signal };
  const first = await resolveStart({ ...common, start: parseStart(start) });
  if (retention === 'forever') return first;
  // What expires while the answer holds is not asked for: it would be let go of and asked for again.
  const kept = await resolveStart({ ...common, start: { age: Math.floor((retention - holdsMs) / 1_000) } });
  return Math.max(first, kept);
}

function parseStart(start: StartSpec): Start {
  if (typeof start === 'number' || start === 'earliest' || start === 'latest') return start;
  const date = Date.parse(start);
  return /^\d{4}-/.test(start) && !Number.isNaN(date)
    ? { date: date / 1_000 }
    : { age: parseDuration(start) / 1_000 };
}
