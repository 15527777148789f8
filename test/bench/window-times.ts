// One window by the processor's own parts, with what it waited for: rows of the log, the insert, and the rest.

import type { BatchEngine } from '../../src/batch-engine/port.ts';
import { windowLimits } from '../../src/commands/parts/processors.ts';
import type { Results, ResultTable } from '../../src/stores/results/port.ts';
import type { LogScan, TransactionLog } from '../../src/stores/transaction-log/port.ts';

/** In ms. */
export interface WindowTimes {
  readonly read: number;
  readonly compute: number;
  readonly insert: number;
}

export async function timedWindow(asked: {
  readonly log: TransactionLog;
  readonly engine: BatchEngine;
  readonly results: Results;
  readonly table: ResultTable;
  readonly sql: string;
  readonly start: number;
  readonly signal: AbortSignal;
}): Promise<WindowTimes> {
  const { log, engine, results, table, sql, start, signal } = asked;
  const window = { from: start, to: start + table.window };
  const claim = await results.claim(table, start, { holder: 'bench', ttl: 60_000, now: Date.now() });
  if (!claim) throw new Error(`the window at ${start} is held`);
  let [read, insert] = [0, 0];
  const began = performance.now();
  const scan = await log.scan({ time: window, provisional: false });
  read += performance.now() - began;
  const timed: LogScan = {
    files: scan.files,
    rows: (name, columns) =>
      waitedFor(scan.rows(name, columns), (ms) => {
        read += ms;
      }),
    ...(scan.canonical && { canonical: scan.canonical }),
    release: () => scan.release(),
  };
  const request = { sql, where: 'the bench', scan: timed, window, limits: windowLimits, signal };
  await engine.run(request, async ({ rows }) => {
    let ended = 0;
    const noted = (async function* () {
      yield* rows;
      ended = performance.now();
    })();
    await claim.replace(noted);
    insert = performance.now() - ended;
  });
  return { read, insert, compute: performance.now() - began - read - insert };
}

async function* waitedFor<T>(source: AsyncIterable<T>, told: (ms: number) => void): AsyncIterable<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const began = performance.now();
      const { done, value } = await iterator.next();
      told(performance.now() - began);
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
