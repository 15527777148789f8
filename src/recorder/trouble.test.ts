// What a recorder does about a store that is away, positions that the topic no longer has, and records that nothing will
// ever complete.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import type { Logger } from '../logger.ts';
import { createFaults, faultyLog, faultyTopics } from '../stores/faults.fixture.ts';
import { partitionOf } from '../stores/topics/partition.ts';
import type { Topics } from '../stores/topics/port.ts';
import { aBlock, aChain } from '../stores/transaction-log/made-blocks.ts';
import type { FinalBlock, TransactionLog } from '../stores/transaction-log/port.ts';
import { subtract } from '../streamer/intervals.ts';
import {
  allTaken,
  aPublishing,
  assertHolds,
  deadLettersOf,
  fastClock,
  names,
  someStores,
  until,
} from './recorder.fixture.ts';
import { createRecorder, recorderGroups } from './recorder.ts';

function aLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  return { logger, lines };
}

interface Wiring {
  readonly topics: Topics;
  readonly log: TransactionLog;
  readonly clock: ReturnType<typeof fastClock>;
  readonly logger: Logger;
}

function aRecorder(t: TestContext, wiring: Wiring) {
  const recorder = createRecorder({ ...wiring, names, retention: 'forever', onChange: () => undefined });
  const stop = new AbortController();
  const ended = recorder.run(stop.signal);
  // Looked at where it is awaited; a failure before that must not count as unhandled.
  ended.catch(() => undefined);
  t.after(async () => {
    stop.abort();
    await ended;
  });
  return recorder;
}

const groups = recorderGroups(names);

test('topics and log away for ten minutes: a line for each loop, figures, and it goes on by itself', async (t) => {
  const clock = fastClock();
  const { logger, lines } = aLogger();
  const real = await someStores(t, { clock });
  let away = false;
  const attempt = createFaults({ rate: () => (away ? 1 : 0), random: Math.random });
  const wiring = { topics: faultyTopics(real.topics, attempt), log: faultyLog(real.log, attempt) };
  const recorder = aRecorder(t, { ...wiring, clock, logger });
  const [base, ...chain] = aChain(1, 40) as [FinalBlock, ...FinalBlock[]];
  const make = aPublishing(base);
  const publisher = await real.topics.publisher('streamer');
  await publisher.publish(make.history(base));
  for (const [at, made] of chain.entries()) {
    if (at === 10) away = true;
    await publisher.publish(make.joins(made));
  }
  await until('trouble in every loop', () => recorder.figures().troubles.length === 3);
  assert.match(recorder.figures().trouble ?? '', /^StoreUnreachable: .* tried again since /);
  clock.later(600_000);
  await clock.sleep(16_000);
  const warnings = lines.filter((line) => line.includes('is tried again until it succeeds'));
  assert.equal(warnings.length, 3, lines.join('\n'));
  away = false;
  await until('everything is taken', () => allTaken(real.topics));
  await until('trouble is over', () => recorder.figures().trouble === undefined);
  assert.equal(
    lines.filter((line) => /succeeds again after [6-9]\d\d/.test(line)).length,
    3,
    lines.join('\n'),
  );
  await assertHolds(real.log, [
    { made: base, state: 'final' },
    ...chain.map((made) => ({ made, state: 'new' as const })),
  ]);
});

test('rows that the topic forgot during an outage: the block is left out, told, and comes through history', async (t) => {
  const clock = fastClock();
  const { logger, lines } = aLogger();
  const retention = 60_000;
  const { topics, log } = await someStores(t, { clock, retention });
  const chain = aChain(1, 12);
  const [base, lost, ...rest] = chain as [FinalBlock, FinalBlock, ...FinalBlock[]];
  const make = aPublishing(base);
  const publisher = await topics.publisher('streamer');
  // The recorder has read up to the base, and is away while the topic forgets the next block.
  for (const topic of [names.transactions, names.logs, names.blocks]) {
    const group = topic === names.blocks ? groups.canonical : groups.rows;
    const consumer = await topics.consumer({ group, topics: [topic] });
    const ends = await topics.ends(topic);
    await consumer.commit(ends.map(({ partition, next }) => ({ topic, partition, offset: next })));
    await consumer.close();
  }
  await publisher.publish(make.joins(lost));
  clock.later(10 * retention);
  // The step itself comes again, its rows do not.
  await publisher.publish(make.joins(lost).filter(({ topic }) => topic === names.blocks));
  assert.ok((await topics.expire(clock.now() - 5 * retention)) > 0);
  for (const made of rest) await publisher.publish(make.joins(made));
  for (const made of [base, lost, ...rest.slice(0, 4)]) {
    if (made !== base) await publisher.publish(make.becomesFinal(made, chain.at(-1) ?? made));
  }
  aRecorder(t, { topics, log, clock, logger });
  await until('everything is taken', () => allTaken(topics));
  assert.ok(
    lines.some((line) => line.includes('no longer has offset')),
    lines.join('\n'),
  );
  assert.ok(lines.some((line) => line.includes('history will bring it again')));
  assert.equal(await log.block(lost.block.number), undefined);

  // What the streamer brings is what coverage lacks.
  const gaps = subtract({ from: 1, to: 6 }, await log.coverage());
  assert.deepEqual(gaps, [{ from: 1, to: 2 }]);
  for (const made of [base, lost]) await publisher.publish(make.history(made));
  await until('history is covered', async () => (await log.coverage())[0]?.from === 1);
  await assertHolds(
    log,
    chain.map((made, at) => ({ made, state: at < 6 ? 'final' : 'new' })),
  );
});

test('records of history that nothing completes, and blocks of it that came incomplete, hold nothing up', async (t) => {
  const clock = fastClock();
  const { logger, lines } = aLogger();
  const { topics, log } = await someStores(t, { clock });
  const [first, second, third] = aChain(1, 3) as [FinalBlock, FinalBlock, FinalBlock];
  const make = aPublishing(first);
  const publisher = await topics.publisher('streamer');
  // All three in one partition.
  const keyed = (made: FinalBlock) => make.history(made).map((batch) => ({ ...batch, key: '1' }));
  const orphan = keyed(aBlock({ number: 2, fork: 'nobody' })).slice(0, 1);
  await publisher.publish([
    ...keyed(first),
    ...orphan,
    ...keyed(second).slice(1),
    ...keyed(third),
    ...orphan,
  ]);
  const recorder = aRecorder(t, { topics, log, clock, logger });
  await until('everything is taken', () => allTaken(topics));
  const letters = await deadLettersOf(topics);
  assert.deepEqual(
    letters.map(({ headers }) => headers.reason),
    Array.from({ length: 4 }, () => 'rows of a block that never came'),
  );
  const counted = [...recorder.figures().deadLetters].filter(([, count]) => count > 0);
  assert.deepEqual(counted, [[names.history, 4]]);
  assert.equal(lines.filter((line) => line.includes('a foreign record is parked')).length, 1);
  assert.equal(lines.filter((line) => line.includes('came incomplete')).length, 1);
  assert.deepEqual(
    (await log.coverage()).map(({ from, to }) => [from, to]),
    [
      [1, 1],
      [3, 3],
    ],
  );
  await publisher.publish(keyed(second));
  await until('the block came again', async () => (await log.coverage())[0]?.to === 3);
  await assertHolds(
    log,
    [first, second, third].map((made) => ({ made, state: 'final' })),
  );
});

test('a block on `blocks` with a value that no column holds is parked, and those behind it go on', async (t) => {
  const clock = fastClock();
  const { topics, log } = await someStores(t, { clock });
  const [base, odd, next] = aChain(1, 3) as [FinalBlock, FinalBlock, FinalBlock];
  const make = aPublishing(base);
  const publisher = await topics.publisher('streamer');
  await publisher.publish(make.history(base));
  await publisher.publish(make.joins({ ...odd, block: { ...odd.block, gas_limit: '9'.repeat(78) } }));
  await publisher.publish(make.joins(next));
  const recorder = aRecorder(t, { topics, log, clock, logger: aLogger().logger });
  await until('everything is taken', () => allTaken(topics));
  const [letter, ...others] = await deadLettersOf(topics);
  assert.match(letter?.headers.reason ?? '', /^blocks\.gas_limit of block 2 /);
  assert.deepEqual(others, []);
  assert.equal(recorder.figures().trouble, undefined);
  assert.equal((await log.block(3))?.state, 'new');
});

test('a block that stays open through half a minute of silence is parked by nobody', async (t) => {
  const clock = fastClock();
  const { topics, log } = await someStores(t, { clock });
  const [made] = aChain(1, 1) as [FinalBlock];
  const publisher = await topics.publisher('streamer');
  const [rows, ...rest] = aPublishing(made).history(made);
  assert.ok(rows);
  await publisher.publish([rows]);
  aRecorder(t, { topics, log, clock, logger: aLogger().logger });
  await clock.sleep(30_000);
  assert.deepEqual(await deadLettersOf(topics), []);
  await publisher.publish(rest);
  await until('everything is taken', () => allTaken(topics));
  await assertHolds(log, [{ made, state: 'final' }]);
});

test('an open block that another recorder completed meanwhile is forgotten when its partition returns', async (t) => {
  const clock = fastClock();
  const { topics, log } = await someStores(t, { clock });
  const { logger } = aLogger();
  const chain = aChain(1, 6);
  const make = aPublishing(chain[0] as FinalBlock);
  const keys = [0, 1, 2].map((partition) => {
    const key = Array.from({ length: 100 }, (_, at) => String(at)).find(
      (at) => partitionOf(at, 3) === partition,
    );
    assert.ok(key);
    return key;
  });
  /** Two blocks in each partition. */
  const batches = chain.map((made, at) =>
    make.history(made).map((batch) => ({ ...batch, key: keys[at % 3] as string })),
  );
  const publisher = await topics.publisher('streamer');
  await publisher.publish(batches.slice(0, 3).flatMap(([rows]) => (rows ? [rows] : [])));
  const wiring = { topics, log, clock, logger };
  aRecorder(t, wiring);
  await clock.sleep(5_000);
  const other = new AbortController();
  const ended = createRecorder({ ...wiring, names, retention: 'forever', onChange: () => undefined }).run(
    other.signal,
  );
  await clock.sleep(5_000);
  await publisher.publish(batches.slice(0, 3).flatMap(([, ...rest]) => rest));
  await until('the open blocks are taken', () => allTaken(topics));
  other.abort();
  await ended;
  await publisher.publish(batches.slice(3).flat());
  await until('everything is taken', () => allTaken(topics));
  assert.deepEqual(await deadLettersOf(topics), []);
  await assertHolds(
    log,
    chain.map((made) => ({ made, state: 'final' })),
  );
});
