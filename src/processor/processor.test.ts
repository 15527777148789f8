// What becomes of a run when its processors fail, wait or are none, on the embedded stores.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDuckDbEngine } from '../batch-engine/duckdb.ts';
import { type Clock, systemClock } from '../clock.ts';
import { MillraceError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { openEmbeddedResults } from '../stores/results/embedded.ts';
import type { Results } from '../stores/results/port.ts';
import { openEmbeddedTransactionLog } from '../stores/transaction-log/embedded/open.ts';
import type { ProcessorSpec } from './compute-window.ts';
import { createProcessors } from './processor.ts';

const count: ProcessorSpec = {
  name: 'count',
  owner: 'cluster',
  window: 60,
  sql: 'SELECT count(*) AS blocks FROM blocks',
  source: 'log',
  engine: 'auto',
  output: 'table',
};

const limits = { timeMs: 10_000, rows: 10_000, memoryBytes: 64 * 1024 * 1024, bytes: 16 * 1024 * 1024 };

/** A hundred times as fast. */
const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) };

/** `before` runs before each call of `ensureTable`. */
async function aRun(t: TestContext, specs: readonly ProcessorSpec[], before: () => void = () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-processor-'));
  for (const name of ['log', 'tmp']) mkdirSync(join(folder, name));
  const log = await openEmbeddedTransactionLog({ folder: join(folder, 'log'), clock, logger: silentLogger });
  const store = await openEmbeddedResults({ file: join(folder, 'results.sqlite') });
  const engine = await openDuckDbEngine({ tempFolder: join(folder, 'tmp'), clock });
  const results: Results = {
    ...store,
    ensureTable: async (wish) => {
      before();
      return store.ensureTable(wish);
    },
  };
  const processors = createProcessors({
    specs,
    ...{ log, results, engine, clock, logger: silentLogger, retention: 'forever', holder: 'test' },
    ...{ limits, openLimits: limits },
    logChanged: (signal) => clock.sleep(1_000, signal),
  });
  const stop = new AbortController();
  let over = false;
  const ended = processors.run(stop.signal).finally(() => {
    over = true;
  });
  t.after(async () => {
    stop.abort();
    await ended;
    for (const open of [engine, store, log]) await open.close();
    rmSync(folder, { recursive: true });
  });
  const states = () => processors.figures().map(({ state, problem }) => [state, problem?.code]);
  const until = async (expected: ReturnType<typeof states>): Promise<void> => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(5))
      if (JSON.stringify(states()) === JSON.stringify(expected)) return;
    assert.deepEqual(states(), expected);
  };
  return { until, isOver: () => over };
}

test('a run without processors, or whose processors have all failed, ends only when it is told to', async (t) => {
  const [none, failed] = [await aRun(t, []), await aRun(t, [{ ...count, sql: 'SELEC' }])];
  await failed.until([['failed', 'SqlInvalid']]);
  await sleep(50);
  assert.deepEqual([none.isOver(), failed.isOver()], [false, false]);
});

test('a store that is not as it was made holds a processor up until somebody mends it', async (t) => {
  let differs = true;
  const run = await aRun(t, [count], () => {
    if (differs)
      throw new MillraceError('StoreDiffers', { what: 'a table', store: 'the results', problem: 'gone' });
  });
  await run.until([['waiting', 'StoreDiffers']]);
  differs = false;
  await run.until([['running', undefined]]);
});
