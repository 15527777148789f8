import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDuckDbEngine } from '../batch-engine/duckdb.ts';
import type { BatchEngine } from '../batch-engine/port.ts';
import { createTurns } from '../batch-engine/turns.ts';
import { type Clock, systemClock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { openEmbeddedResults } from '../stores/results/embedded.ts';
import type { ResultTable } from '../stores/results/port.ts';
import { openEmbeddedTransactionLog } from '../stores/transaction-log/embedded/open.ts';
import { aBlock } from '../stores/transaction-log/made-blocks.ts';
import type { FinalBlock } from '../stores/transaction-log/port.ts';
import type { ProcessorSpec } from './compute-window.ts';
import { fingerprint } from './own-table.ts';
import { type PassDeps, runDueWindows } from './run-windows.ts';
import { createSettledTimes } from './settled-times.ts';
import { createWindowCounts } from './window-counts.ts';

const spec: ProcessorSpec = {
  name: 'count',
  owner: 'cluster',
  window: 60,
  sql: 'SELECT count(*) AS blocks FROM blocks',
  source: 'log',
  engine: 'auto',
  output: 'table',
};

/** Blocks 100… at these times, linked. */
function blocksAt(...times: readonly number[]): readonly FinalBlock[] {
  return times.map((time, at) => {
    const { block, transactions, logs } = aBlock({ number: 100 + at });
    const moved = <T extends object>(row: T): T => ({ ...row, block_timestamp: time });
    return {
      block: { ...block, timestamp: time },
      transactions: transactions.map(moved),
      logs: logs.map(moved),
    };
  });
}

async function aProcessor(t: TestContext, options: { clock?: Clock; retention?: number; sql?: string } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-windows-'));
  for (const name of ['log', 'tmp']) mkdirSync(join(folder, name));
  const clock = options.clock ?? systemClock;
  const store = await openEmbeddedTransactionLog({
    folder: join(folder, 'log'),
    clock,
    logger: silentLogger,
  });
  const results = await openEmbeddedResults({ file: join(folder, 'results.sqlite') });
  const engine = await openDuckDbEngine({ tempFolder: join(folder, 'tmp'), clock });
  t.after(async () => {
    for (const open of [engine, results, store]) await open.close();
    rmSync(folder, { recursive: true });
  });
  const own = { ...spec, sql: options.sql ?? spec.sql };
  const columns = await engine.describe({ sql: own.sql, where: 'test' });
  const table: ResultTable = await results.ensureTable({
    owner: own.owner,
    processor: own.name,
    window: own.window,
    columns,
    fingerprint: fingerprint(own),
  });
  let lookUps = 0;
  const log = new Proxy(store, {
    get: (target, name, receiver) => {
      if (name === 'blocks') lookUps += 1;
      const value = Reflect.get(target, name, receiver);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const ran: number[] = [];
  const deps: PassDeps = {
    spec: own,
    log,
    results,
    engine,
    table,
    clock,
    logger: silentLogger,
    holder: 'a',
    turns: createTurns({ concurrent: 2, waiting: 10 }),
    settled: createSettledTimes(),
    counts: createWindowCounts(),
    limits: { timeMs: 10_000, rows: 1_000, memoryBytes: 64 * 1024 * 1024, bytes: 16 * 1024 * 1024 },
    retention: options.retention ?? 'forever',
    signal: new AbortController().signal,
    onWindow: (start) => ran.push(start),
  };
  const rows = async () =>
    (await results.read(table, {})).map(({ windowStart, values }) => [windowStart, ...values]);
  return { deps, store, results, table, ran, rows, lookUps: () => lookUps };
}

test('covered windows run once, oldest first; those without a block do not run, the open one waits', async (t) => {
  const { deps, store, ran, rows } = await aProcessor(t);
  await store.appendFinal(blocksAt(30, 61, 90, 250, 290, 310));
  await store.flush();
  assert.deepEqual(await runDueWindows(deps), { open: 300, left: 0 });
  assert.deepEqual(ran, [60, 240]);
  assert.deepEqual(await rows(), [
    [60, 2],
    [240, 2],
  ]);
});

test('a pass with nothing new looks nothing up, and a new block only its own window', async (t) => {
  const { deps, store, ran, lookUps } = await aProcessor(t);
  const blocks = blocksAt(30, 61, 121, 181, 241, 500, 561);
  await store.appendFinal(blocks.slice(0, 6));
  await store.flush();
  await runDueWindows(deps);
  const before = lookUps();
  await runDueWindows(deps);
  assert.equal(lookUps(), before);
  await store.appendFinal(blocks.slice(6));
  await store.flush();
  await runDueWindows(deps);
  assert.deepEqual(ran, [60, 120, 180, 240, 480]);
  assert.ok(lookUps() - before <= 2, `${lookUps() - before} look-ups`);
});

test('what is due is told before any window runs: not what is done, wherever that was done', async (t) => {
  const { deps, store } = await aProcessor(t);
  await store.appendFinal(blocksAt(30, 61, 121, 181, 241, 301));
  await store.flush();
  const due: (readonly number[])[] = [];
  const tell = (settled: typeof deps.settled): PassDeps => ({
    ...deps,
    settled,
    onCovered: (covered) => {
      const missing = covered.flatMap((range) => settled.missingFrom(range));
      due.push(
        missing.flatMap(({ from, to }) =>
          Array.from({ length: (to - from) / 60 }, (_, at) => from + at * 60),
        ),
      );
    },
  });
  const [first, another] = [createSettledTimes(), createSettledTimes()];
  const interrupted = new AbortController();
  const stopping = {
    ...tell(first),
    signal: interrupted.signal,
    onWindow: (start: number) => start === 120 && interrupted.abort(),
  };
  await assert.rejects(runDueWindows(stopping));
  await runDueWindows(tell(another));
  await runDueWindows(tell(another));
  assert.deepEqual(due, [[60, 120, 180, 240], [180, 240], []]);
});

test('a window that another holds is left, and done when the claim is given back', async (t) => {
  const { deps, store, results, table, ran } = await aProcessor(t);
  await store.appendFinal(blocksAt(30, 61, 121, 181));
  await store.flush();
  const claim = await results.claim(table, 60, { holder: 'b', ttl: 60_000, now: Date.now() });
  assert.deepEqual(await runDueWindows(deps), { open: 180, left: 1 });
  assert.deepEqual(ran, [120]);
  await claim?.release();
  assert.deepEqual(await runDueWindows(deps), { open: 180, left: 0 });
  assert.deepEqual(ran, [120, 60]);
  const { failed, ...counted } = deps.counts.figures();
  assert.deepEqual([counted, failed.size], [{ done: 2, claimsHeld: 0, claimsLost: 0 }, 0]);
});

test('a claim that another takes over is lost, and counted; its window is not', async (t) => {
  const { deps, store, results, table } = await aProcessor(t);
  await store.appendFinal(blocksAt(30, 61, 121));
  await store.flush();
  const { engine } = deps;
  const slow: PassDeps['engine'] = {
    ...engine,
    describe: (options) => engine.describe(options),
    run: async (request, use) => {
      assert.equal(deps.counts.figures().claimsHeld, 1);
      const late = Date.now() + 3_600_000;
      assert.ok(await results.claim(table, 60, { holder: 'b', ttl: 60_000, now: late }));
      return engine.run(request, use);
    },
  };
  await assert.rejects(runDueWindows({ ...deps, engine: slow }), { code: 'ClaimLost' });
  const { failed, ...counted } = deps.counts.figures();
  assert.deepEqual([counted, failed.size], [{ done: 0, claimsHeld: 0, claimsLost: 1 }, 0]);
});

test('a window that begins before the retention does not run', async (t) => {
  const clock: Clock = { ...systemClock, now: () => 400_000 };
  const { deps, store, ran } = await aProcessor(t, { clock, retention: 300_000 });
  await store.appendFinal(blocksAt(30, 61, 121, 181));
  await store.flush();
  await runDueWindows(deps);
  assert.deepEqual(ran, [120]);
});

test('a window whose SQL fails keeps its claim for nobody and is tried again', async (t) => {
  const { deps, store, results, table } = await aProcessor(t, {
    sql: 'SELECT CAST(hash AS BIGINT) AS x FROM blocks',
  });
  await store.appendFinal(blocksAt(30, 61, 121));
  await store.flush();
  await assert.rejects(runDueWindows(deps), (error) => isMillraceError(error, 'SqlFailed'));
  assert.ok(await results.claim(table, 60, { holder: 'b', ttl: 1, now: Date.now() }));
  assert.deepEqual([...deps.counts.figures().failed], [['SqlFailed', 1]]);
});

test('a window whose blocks expire while the engine reads them gets no rows', async (t) => {
  let now = 400_000;
  const clock: Clock = { ...systemClock, now: () => now };
  const { deps, store, results, table, ran, rows } = await aProcessor(t, { clock, retention: 300_000 });
  await store.appendFinal(blocksAt(110, 130, 181));
  await store.flush();
  const { engine } = deps;
  const slow: PassDeps['engine'] = {
    ...engine,
    describe: (options) => engine.describe(options),
    run: (request, use) =>
      engine.run(request, (answer) => {
        now += 21_000;
        return use(answer);
      }),
  };
  await runDueWindows({ ...deps, engine: slow });
  assert.deepEqual(ran, []);
  assert.deepEqual(await rows(), []);
  assert.deepEqual(await results.doneWindows(table, { from: 0, to: 1_000 }), []);
});

test('a window of `auto` that turns out to be for Spark waits there, and leaves its turn here', async (t) => {
  const { deps, store, results, table, ran } = await aProcessor(t);
  await store.appendFinal(blocksAt(30, 61, 121));
  await store.flush();
  const [here, there] = [
    createTurns({ concurrent: 1, waiting: 9 }),
    createTurns({ concurrent: 1, waiting: 9 }),
  ];
  // Spark is busy with another window.
  const busy = Promise.withResolvers<void>();
  const other = there.take(() => busy.promise, deps.signal);
  const asked: unknown[] = [];
  const engine: BatchEngine = {
    describe: (options) => deps.engine.describe(options),
    runsElsewhere: ({ engine: wanted }) => wanted === 'auto',
    run: (request, use) => {
      asked.push(request.engine);
      return deps.engine.run(request, use);
    },
    close: async () => undefined,
  };
  const auto = { ...deps, engine, spec: { ...deps.spec, engine: 'auto' as const } };
  const pass = runDueWindows({ ...auto, turns: here, sparkTurns: there });
  const free = async (): Promise<boolean> => {
    const claim = await results.claim(table, 60, { holder: 'b', ttl: 60_000, now: Date.now() });
    await claim?.release();
    return claim !== undefined;
  };
  // The turn here is free, though the window is not done, and so is the window for another process.
  while (!(await here.take(free, deps.signal))) await sleep(5);
  assert.deepEqual([ran, asked], [[], []]);
  busy.resolve();
  await other;
  await pass;
  assert.deepEqual([ran, asked], [[60], ['spark']]);
});
