// The live part on a real Kafka: answers that are lost on the way, and another streamer that takes over.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import kafkajs from 'kafkajs';
import { testServer } from '../../test/servers/address.ts';
import { startReplay } from '../chain/replay/replay-node.ts';
import { connectChain } from '../chain/rpc/connect-chain.ts';
import { systemClock as clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import { silentLogger as logger } from '../logger.ts';
import { createFaults, faultyTopics } from '../stores/faults.fixture.ts';
import { deleteTopics, kafkaAddress, openTestTopics } from '../stores/topics/kafka/servers.fixture.ts';
import { pipelineTopics, topicSpecs } from '../stores/topics/pipeline-topics.ts';
import { assertGapless } from './live.fixture.ts';
import { type LiveDeps, streamLive } from './live.ts';

const examples = new URL('../../examples/mainnet/', import.meta.url).pathname;
const files = ['blocks', 'receipts'].map((kind) =>
  join(examples, `mainnet-run-17686110-17686132.${kind}.ndjson.gz`),
);
const made: string[] = [];
after(() => deleteTopics(made));

async function aStreamer(t: TestContext) {
  const names = pipelineTopics(`t-${Math.random().toString(36).slice(2)}`);
  made.push(...Object.values(names));
  const topics = await openTestTopics(t);
  await topics.create(topicSpecs(names, { partitions: 3, historyPartitions: 3, retention: 'forever' }));
  const node = await startReplay({
    files,
    head: { start: 17_686_120 },
    finalityDistance: 4,
    reorgs: [{ at: 17_686_123, depth: 3 }],
  });
  const { signal } = new AbortController();
  const reader = await connectChain({
    ...{ endpoints: [{ url: node.wsUrl }], expectedChainId: 1, clock, logger, signal },
  });
  t.after(async () => {
    await reader.close();
    await node.close();
  });
  const stream = async (until: number, through: Partial<LiveDeps> = {}): Promise<void> => {
    const stop = new AbortController();
    await streamLive({
      ...{
        reader,
        topics,
        names,
        finality: { tag: 'finalized' } as const,
        clock,
        logger,
        logs: true,
        pollMs: 20,
      },
      log: { newestFinal: async () => undefined },
      signal: stop.signal,
      onStep: ({ kind, block }) => {
        if (kind === 'new' && block.number >= until) stop.abort();
      },
      ...through,
    });
  };
  const advance = (everyMs: number): void => {
    const timer = setInterval(() => node.advance(1), everyMs);
    t.after(() => clearInterval(timer));
  };
  return { names, node, topics, stream, advance };
}

test('publishes whose answers are lost leave no gap and nothing twice', { timeout: 60_000 }, async (t) => {
  const { names, node, topics, stream, advance } = await aStreamer(t);
  // A step whose publish is not heard of is not told: the last ones are left in peace.
  const rate = () => (node.head() < 17_686_129 ? 0.15 : 0);
  const attempt = createFaults({ rate, random: Math.random });
  advance(200);
  await stream(17_686_131, { topics: faultyTopics(topics, attempt) });
  const steps = await assertGapless(topics, names);
  assert.ok(steps.includes('new 130'), steps.join());
});

test('a streamer that another one took over from ends, and the other goes on', {
  timeout: 60_000,
}, async (t) => {
  const { names, topics, stream, advance } = await aStreamer(t);
  const ended = assert.rejects(stream(Number.POSITIVE_INFINITY), (error) =>
    isMillraceError(error, 'PublisherFenced'),
  );
  while ((await topics.ends(names.blocks))[0]?.next === 0) await clock.sleep(20);
  advance(300);
  // Who cannot tell whether its last publish stands opens a new publisher: so the older one may take over once more.
  for (let done = false; !done; ) {
    done = await stream(17_686_123).then(
      () => true,
      (error: unknown) => {
        assert.ok(isMillraceError(error, 'PublisherFenced'), String(error));
        return false;
      },
    );
  }
  await ended;
  await assertGapless(topics, names);
});

test('steps that an open transaction of another program hides are not published again', {
  timeout: 60_000,
}, async (t) => {
  const { names, node, topics, stream } = await aStreamer(t);
  const first = stream(17_686_121);
  while ((await topics.readBackwards({ topic: names.blocks, partition: 0 }, { limit: 4 })).length < 4) {
    await clock.sleep(20);
  }
  const brokers = kafkaAddress(testServer('KAFKA')).hosts.map(({ host, port }) => `${host}:${port}`);
  const other = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const producer = other.producer({
    transactionalId: `${names.blocks}.other`,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  t.after(() => producer.disconnect());
  const transaction = await producer.transaction();
  await transaction.send({ topic: names.blocks, messages: [{ value: 'not yet' }] });
  node.advance(1);
  // Committed behind the open transaction: nobody can read it yet.
  await first;
  const resumed = stream(17_686_122);
  node.advance(1);
  await clock.sleep(1_500);
  await transaction.abort();
  await resumed;
  const steps = await assertGapless(topics, names);
  assert.equal(steps.filter((step) => step === 'new 121').length, 1, steps.join());
});
