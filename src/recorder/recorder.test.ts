// Several recorders over the same topics and log while every call fails now and then, members come and go, and foreign
// records lie on every topic: the log ends with each block once, and no position was ever ahead of what the log has.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../chain/replay/seeded-random.ts';
import { silentLogger } from '../logger.ts';
import { createFaults, faultyLog, faultyTopics } from '../stores/faults.fixture.ts';
import type { RecordBatch, Topics } from '../stores/topics/port.ts';
import { valuesTexts } from '../stores/topics/text-bytes.ts';
import { aBlock, aChain } from '../stores/transaction-log/made-blocks.ts';
import type { FinalBlock, TransactionLog } from '../stores/transaction-log/port.ts';
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
import { createRecorder, type Recorder, recorderGroups } from './recorder.ts';

const seed = Number(process.env.MILLRACE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** What the log has acknowledged, and a check of every commit against it. */
function watchAcknowledgements(topics: Topics, log: TransactionLog) {
  const acknowledged = new Set<string>();
  const parked = new Set<string>();
  const ahead: string[] = [];
  const watchedLog = new Proxy(log, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'writeTransactions' && name !== 'writeLogs') return value.bind(target);
      const kind = name === 'writeLogs' ? names.logs : names.transactions;
      return async (block: { hash: string }, rows: readonly unknown[]) => {
        await value.call(target, block, rows);
        acknowledged.add(`${kind} ${block.hash}`);
      };
    },
  });
  const checkCommit = async (topic: string, partition: number, offset: number): Promise<void> => {
    for (let at = 0; at < offset; ) {
      const batches = await topics.read({ topic, partition, offset: at }, { maxBytes: 4 * 1024 * 1024 });
      for (const batch of batches) {
        at = batch.next;
        if (batch.offset >= offset || batch.headers.step === 'undo') continue;
        const foreign = batch.headers.foreign !== undefined;
        const there = foreign
          ? parked.has(`${topic}/${partition}/${batch.offset}`)
          : acknowledged.has(`${topic} ${batch.headers.block_hash}`);
        if (!there) ahead.push(`${topic}/${partition} offset ${batch.offset} by ${offset}`);
      }
      if (batches.length === 0) break;
    }
  };
  const watchedTopics: Topics = {
    ...topics,
    publisher: async (id) => {
      const publisher = await topics.publisher(id);
      return {
        publish: async (batches) => {
          await publisher.publish(batches);
          for (const { headers } of batches) {
            if (headers.source_topic === undefined) continue;
            parked.add(`${headers.source_topic}/${headers.source_partition}/${headers.source_offset}`);
          }
        },
        close: () => publisher.close(),
      };
    },
    consumer: async (options) => {
      const consumer = await topics.consumer(options);
      if (options.group !== recorderGroups(names).rows) return consumer;
      return {
        poll: (how) => consumer.poll(how),
        commit: async (positions) => {
          for (const { topic, partition, offset } of positions) await checkCommit(topic, partition, offset);
          await consumer.commit(positions);
        },
        rewind: () => consumer.rewind(),
        close: () => consumer.close(),
      };
    },
  };
  return { topics: watchedTopics, log: watchedLog, ahead };
}

const foreignRecords = (random: () => number, like: FinalBlock): readonly RecordBatch[] => {
  const topics = [names.transactions, names.logs, names.blocks, names.history];
  const topic = topics[Math.floor(random() * topics.length)] ?? names.blocks;
  const hash = like.block.hash;
  const key = String(Math.floor(random() * 100));
  const kinds: readonly Omit<RecordBatch, 'topic' | 'key'>[] = [
    { headers: { foreign: 'headers' }, values: ['hello', '{"a":1}'] },
    {
      headers: { foreign: 'json', schema: 'millrace.transaction/1', step: 'new', block_hash: hash },
      values: ['{"hash":'],
    },
    {
      headers: { foreign: 'hash', schema: 'millrace.log/1', step: 'new', block_hash: hash },
      values: [JSON.stringify({ ...like.logs[0], block_hash: `0x${'0'.repeat(64)}` })],
    },
    {
      headers: { foreign: 'schema', schema: 'millrace.block/9', step: 'new', block_hash: hash },
      values: ['{}'],
    },
    {
      headers: { foreign: 'step', schema: 'millrace.block/1', step: 'maybe', block_hash: hash },
      values: [''],
    },
    { headers: { foreign: 'surrogate' }, values: ['half \ud83e a pair'] },
    {
      headers: { foreign: 'joined', schema: 'millrace.transaction/1', step: 'new', block_hash: hash },
      values: ['{"hash":"0x1","x":[1', '2]}'],
    },
  ];
  const kind = kinds[Math.floor(random() * kinds.length)];
  return kind ? [{ topic, key, ...kind }] : [];
};

test(`recorders come and go while every call fails now and then, seed ${seed}`, {
  timeout: 120_000,
}, async (t) => {
  const random = seededRandom(seed);
  const clock = fastClock();
  const real = await someStores(t, { clock });
  const watched = watchAcknowledgements(real.topics, real.log);
  let rate = 0.08;
  const attempt = createFaults({ rate: () => rate, random, maxDelayMs: 3 });
  const topics = faultyTopics(watched.topics, attempt);
  const log = faultyLog(watched.log, attempt);

  const recorders: { readonly recorder: Recorder; stop(): Promise<void> }[] = [];
  const join = (): void => {
    const recorder = createRecorder({
      ...{ topics, names, log, retention: 'forever', clock, logger: silentLogger },
      onChange: () => undefined,
    });
    const leave = new AbortController();
    const ended = recorder.run(leave.signal);
    recorders.push({
      recorder,
      stop: async () => {
        leave.abort();
        await ended;
      },
    });
  };
  t.after(() => Promise.all(recorders.map(({ stop }) => stop())));
  join();
  join();

  const past = aChain(1, 30);
  const base = past.at(-1) as FinalBlock;
  const make = aPublishing(base);
  const publisher = await real.topics.publisher('test.streamer');
  const foreign: RecordBatch[] = [];
  const lose = async (): Promise<void> => {
    const records = foreignRecords(random, base);
    foreign.push(...records);
    await publisher.publish(records);
  };
  let head = base;
  const chain: FinalBlock[] = [];
  let finals = 0;
  for (let turn = 0; turn < 60; turn++) {
    const old = past[turn];
    if (old) await publisher.publish(make.history(old));
    if (random() < 0.4) await lose();
    if (random() < 0.15 && chain.length - finals > 2) {
      const losers = chain.splice(chain.length - 2).reverse();
      for (const loser of losers) {
        head = chain.at(-1) ?? base;
        await publisher.publish(make.leaves(loser, head));
      }
    }
    const wish = { number: head.block.number + 1, parentHash: head.block.hash, fork: `${turn}` };
    const block = aBlock({ ...wish, transactions: Math.floor(random() * 6) });
    chain.push(block);
    head = block;
    await publisher.publish(make.joins(block));
    if (random() < 0.5 && chain.length - finals > 6) {
      await publisher.publish(make.becomesFinal(chain[finals] as FinalBlock, head));
      finals += 1;
    }
    if (random() < 0.1) join();
    if (random() < 0.1 && recorders.length > 1) await recorders.shift()?.stop();
    await clock.sleep(random() * 200);
  }
  rate = 0;
  await until('everything is taken', () => allTaken(real.topics));
  for (const { recorder } of recorders) assert.equal(recorder.figures().trouble, undefined);
  for (const { stop } of recorders) await stop();

  assert.deepEqual(watched.ahead, [], 'positions ahead of acknowledgements');
  await assertHolds(real.log, [
    ...past.map((made) => ({ made, state: 'final' as const })),
    ...chain.map((made, at) => ({ made, state: at < finals ? ('final' as const) : ('new' as const) })),
  ]);
  const letters = await deadLettersOf(real.topics);
  const place = ({ headers }: RecordBatch) =>
    `${headers.source_topic}/${headers.source_partition}/${headers.source_offset}`;
  const parked = new Map(letters.map((letter) => [place(letter), letter]));
  assert.equal(parked.size, foreign.flatMap(({ values }) => valuesTexts(values)).length);
  const texts = [...parked.values()].map(({ values, headers }) =>
    headers.encoding === 'base64' ? Buffer.from(values[0] ?? '', 'base64').toString('utf16le') : values[0],
  );
  assert.deepEqual(texts.toSorted(), foreign.flatMap(({ values }) => valuesTexts(values)).toSorted());
});
