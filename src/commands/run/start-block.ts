// The first block wanted: the manifest's `start`, resolved against the chain, and never one that the log would let go of
// at once. Asked at each plan of the history, so an age moves on with the clock.

import { parseDuration } from '../../api/duration.ts';
import type { StartSpec } from '../../api/pipeline.ts';
import { resolveStart, type Start } from '../../chain/find-block.ts';
import type { ChainReader } from '../../chain/reader.ts';
import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { TransactionLog } from '../../stores/transaction-log/port.ts';

export async function firstWanted(deps: {
  readonly reader: ChainReader;
  readonly log: Pick<TransactionLog, 'coverage'>;
  readonly start: StartSpec;
  /** In ms. */
  readonly retention: number | 'forever';
  /** Number of a final block. */
  readonly finalized: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { reader, log, start, retention, clock, signal } = deps;
  const now = Math.floor(clock.now() / 1_000);
  // `latest` was answered when the first block was covered; later it must not jump ahead.
  if (start === 'latest') return (await log.coverage())[0]?.from ?? deps.finalized + 1;
  const finalized = await reader.header(deps.finalized, signal);
  if (!finalized) throw new MillraceError('BlockMissing', { endpoint: 'the node', block: deps.finalized });
  const first = await resolveStart({
    reader,
    start: parseStart(start),
    now,
    finalized,
    signal,
  });
  if (retention === 'forever') return first;
  const kept = await resolveStart({
    reader,
    start: { age: retention / 1_000 },
    now,
    finalized,
    signal,
  });
  return Math.max(first, kept);
}

function parseStart(start: StartSpec): Start {
  if (typeof start === 'number' || start === 'earliest' || start === 'latest') return start;
  const date = Date.parse(start);
  return /^\d{4}-/.test(start) && !Number.isNaN(date)
    ? { date: date / 1_000 }
    : { age: parseDuration(start) / 1_000 };
}
