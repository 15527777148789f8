// Provisional rows against a model, on the embedded stores: chains that grow, fork and become final at random, a recorder
// that lags, owners that come, end and die, and a topic that forgets. A seed that fails is repeated with
// MILLRACE_TEST_SEED.

import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDuckDbEngine } from '../../batch-engine/duckdb.ts';
import type { BatchEngine, QueryLimits } from '../../batch-engine/port.ts';
import { seededRandom } from '../../chain/replay/seeded-random.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { openEmbeddedResults } from '../../stores/results/embedded.ts';
import { openEmbeddedTopics } from '../../stores/topics/embedded.ts';
import { pipelineTopics, topicSpecs } from '../../stores/topics/pipeline-topics.ts';
import { openEmbeddedTransactionLog } from '../../stores/transaction-log/embedded/open.ts';
import { createProcessors } from '../processor.ts';
import { LivingChain } from './living-chain.fixture.ts';

const window = 60;
const sql = `SELECT b.number, b.hash, count(t.hash) AS transactions
  FROM blocks b LEFT JOIN transactions t ON t.block_hash = b.hash GROUP BY ALL ORDER BY b.number`;
const topicRetention = 1_000;
const limits = { timeMs: 10_000, rows: 10_000, memoryBytes: 64 * 1024 * 1024, bytes: 16 * 1024 * 1024 };

/** Fifty times as fast, so that claims expire in no time. */
const fast: Clock = {
  now: () => Date.now() * 50,
  sleep: (ms, signal) => systemClock.sleep(ms / 50, signal),
};

async function aPipeline(t: TestContext, random: () => number) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-provisional-'));
  for (const name of ['log', 'tmp']) mkdirSync(join(folder, name));
  const names = pipelineTopics('p');
  const topics = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock: systemClock });
  await topics.create(topicSpecs(names, { partitions: 3, historyPartitions: 1, retention: topicRetention }));
  const log = await openEmbeddedTransactionLog({
    folder: join(folder, 'log'),
    clock: systemClock,
    logger: silentLogger,
  });
  const results = await openEmbeddedResults({ file: join(folder, 'results.sqlite') });
  const engine = await openDuckDbEngine({ tempFolder: join(folder, 'tmp'), clock: systemClock });
  const publisher = await topics.publisher('streamer');
  const chain = new LivingChain({ publisher, names, log, random });
  await chain.begin();

  const running = new Set<() => Promise<void>>();
  const endless: string[] = [];
  let openProblem: (name: string) => string | undefined = () => undefined;
  /** A processor with its own holder; answers how it ends. Whatever else it runs never ends. */
  const start = (
    others: readonly string[] = [],
    given: { readonly openLimits?: QueryLimits; readonly topicSql?: Readonly<Record<string, string>> } = {},
  ): (() => Promise<void>) => {
    const { openLimits = limits, topicSql = {} } = given;
    const stop = new AbortController();
    const common = { owner: 'cluster', window, sql, engine: 'duckdb', output: 'table' } as const;
    const slow: BatchEngine = {
      describe: (options) => engine.describe(options),
      close: () => engine.close(),
      run: async (request, use) => {
        if (!others.some((name) => request.where.includes(name))) return engine.run(request, use);
        await request.scan.release();
        endless.push(request.where);
        await once(request.signal, 'abort');
        throw request.signal.reason;
      },
    };
    const processors = createProcessors({
      specs: [
        ...others.map((name) => ({ ...common, name, source: 'log' }) as const),
        ...Object.entries(topicSql).map(
          ([name, own]) => ({ ...common, name, sql: own, source: 'topic' }) as const,
        ),
        { ...common, name: 'list', source: 'topic' },
      ],
      ...{ log, results, engine: slow, clock: fast, logger: silentLogger, retention: 'forever' },
      topics: { store: topics, names },
      holder: randomUUID(),
      ...{ limits, openLimits },
      logChanged: (signal) => systemClock.sleep(20, signal),
    });
    const ended = processors.run(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    openProblem = (name) =>
      processors.figures().find(({ spec }) => spec.name === name)?.provisional?.problem?.message;
    const end = async (): Promise<void> => {
      running.delete(end);
      stop.abort(new Error('the test ends it'));
      await ended;
      for (const { state, problem } of processors.figures())
        assert.notEqual(state, 'failed', problem?.message);
    };
    running.add(end);
    return end;
  };
  t.after(async () => {
    for (const end of running) await end();
    for (const open of [engine, results, log, topics]) await open.close();
    rmSync(folder, { recursive: true });
  });

  const rows = async () => {
    const table = (await results.tables()).find(({ name }) => name === 'list');
    if (!table) return [];
    return (await results.read(table, {})).map((row) => [row.windowStart, row.provisional, ...row.values]);
  };
  /** The rows become the model's within a while, and stay so. */
  const settles = async (what: string): Promise<void> => {
    const expected = JSON.stringify(chain.rows(window));
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
      if (JSON.stringify(await rows()) === expected) return;
      await sleep(20);
    }
    assert.deepEqual(await rows(), chain.rows(window), what);
  };
  return {
    chain,
    topics,
    results,
    log,
    start,
    settles,
    rows,
    endless,
    openProblem: (name: string) => openProblem(name),
  };
}

function aSeed(t: TestContext, known: number | undefined): number {
  const seed = Number(process.env.MILLRACE_TEST_SEED ?? known ?? randomInt(2 ** 31));
  t.diagnostic(`MILLRACE_TEST_SEED=${seed}`);
  return seed;
}

/** The second once found a window that is final in the log but not covered there. */
for (const [round, known] of [[1], [2, 482_777_292]] as const) {
  test(`random steps, a lagging recorder, owners that come and go: rows are the model's (${round})`, {
    timeout: 120_000,
  }, async (t) => {
    const random = seededRandom(aSeed(t, known));
    const { chain, topics, start, settles } = await aPipeline(t, random);
    const owners = [start(), start()];
    for (let turn = 0; turn < 8; turn++) {
      for (let step = 0; step < 12; step++) {
        const dice = random();
        if (dice < 0.7) await chain.grow();
        else if (dice < 0.85) await chain.reorganize(1 + Math.floor(random() * 6));
        else await chain.finalize(Math.floor(random() * 8));
        if (random() < 0.3) await chain.record(Math.floor(random() * 20));
      }
      if (random() < 0.4) {
        await owners.shift()?.();
        owners.push(start());
      }
      if (random() < 0.2) {
        // The topic forgets everything; what is recorded is still in the log.
        await chain.record();
        await topics.expire(Date.now() + topicRetention + 1);
        await chain.grow();
      }
      await chain.record();
      await settles(`turn ${turn}`);
    }
    await chain.finalize(0);
    await chain.record();
    await settles('at the end');
  });
}

test('rows of open windows do not wait for final windows that take long', { timeout: 60_000 }, async (t) => {
  const { chain, start, rows, endless } = await aPipeline(t, seededRandom(aSeed(t, undefined)));
  for (let at = 0; at < 12; at++) await chain.grow();
  await chain.finalize(2);
  await chain.record();
  start(['slow-a', 'slow-b']);
  for (const deadline = Date.now() + 10_000; endless.length < 2 && Date.now() < deadline; ) await sleep(20);
  assert.equal(endless.length, 2, 'both turns are taken');
  const open = () => chain.rows(window).filter(([, provisional]) => provisional);
  await chain.grow();
  assert.notEqual(open().length, 0);
  const provisional = async () => (await rows()).filter(([, isProvisional]) => isProvisional);
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    if (JSON.stringify(await provisional()) === JSON.stringify(open())) return;
    await sleep(20);
  }
  assert.deepEqual(await provisional(), open());
});

test('open windows of a processor whose SQL takes too long leave the turn to the others', {
  timeout: 120_000,
}, async (t) => {
  const { chain, start, rows, openProblem } = await aPipeline(t, seededRandom(aSeed(t, undefined)));
  for (let at = 0; at < 6; at++) await chain.grow();
  await chain.record();
  // Hours of work, for each window.
  const endless = 'SELECT count(*) AS n FROM range(1000000000) a, range(1000000000) b, blocks';
  start([], { openLimits: { ...limits, timeMs: 1_000 }, topicSql: { endless, another: endless } });
  for (let turn = 0; turn < 3; turn++) {
    await chain.grow();
    await chain.record();
    const open = JSON.stringify(chain.rows(window));
    for (const deadline = Date.now() + 30_000; JSON.stringify(await rows()) !== open; await sleep(20))
      assert.ok(Date.now() < deadline, `turn ${turn}: ${JSON.stringify(await rows())}`);
  }
  assert.match(openProblem('endless') ?? '', /endless, open window .*time: 1000 ms are over/);
});
