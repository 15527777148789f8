// Recorders on real Kafka and Cassandra, each with connections of its own, as in processes of their own: what lies on the
// topics is in the log once, whoever leaves in the middle, and foreign records are parked.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock as clock } from '../clock.ts';
import { silentLogger as logger } from '../logger.ts';
import { createFaults, faultyLog, faultyTopics } from '../stores/faults.fixture.ts';
import { deleteTopics, openTestTopics } from '../stores/topics/kafka/servers.fixture.ts';
import { pipelineTopics, topicSpecs } from '../stores/topics/pipeline-topics.ts';
import { openCassandraLog } from '../stores/transaction-log/cassandra/open.ts';
import {
  dropKeyspaces,
  logOptions,
  newKeyspace,
} from '../stores/transaction-log/cassandra/servers.fixture.ts';
import { aBlock, aChain } from '../stores/transaction-log/made-blocks.ts';
import type { FinalBlock } from '../stores/transaction-log/port.ts';
import { allTaken, aPublishing, assertHolds, deadLettersOf, until } from './recorder.fixture.ts';
import { createRecorder } from './recorder.ts';

const names = pipelineTopics(`t-${Math.random().toString(36).slice(2)}`);
after(async () => {
  await deleteTopics(Object.values(names));
  await dropKeyspaces();
});

test('two recorders on real stores, one leaves, calls fail now and then', { timeout: 100_000 }, async (t) => {
  const keyspace = newKeyspace();
  const own = await openTestTopics(t);
  await own.create(topicSpecs(names, { partitions: 3, historyPartitions: 3, retention: 'forever' }));
  const reading = await openCassandraLog({ ...logOptions, keyspace });
  t.after(() => reading.close());
  const attempt = createFaults({ rate: () => 0.02, random: Math.random });
  const start = async () => {
    const log = await openCassandraLog({ ...logOptions, keyspace });
    const topics = faultyTopics(await openTestTopics(t), attempt);
    const recorder = createRecorder({
      ...{ topics, names, log: faultyLog(log, attempt), retention: 'forever', clock, logger },
      onChange: () => undefined,
    });
    const stop = new AbortController();
    const ended = recorder.run(stop.signal);
    return {
      recorder,
      stop: async () => {
        stop.abort();
        await ended;
        await log.close();
      },
    };
  };
  const [leaver, stayer] = [await start(), await start()];
  t.after(() => stayer.stop());

  const past = aChain(1, 30);
  const base = past.at(-1) as FinalBlock;
  const make = aPublishing(base, names);
  const publisher = await own.publisher(`${names.blocks}.test`);
  const chain: FinalBlock[] = [];
  let head = base;
  for (let turn = 0; turn < 40; turn++) {
    const old = past[turn];
    if (old) await publisher.publish(make.history(old));
    const foreign = { key: `${turn}`, headers: { step: 'new' }, values: ['{"not":"ours"}'] };
    if (turn % 8 === 0) {
      const { deadLetters, ...others } = names;
      await publisher.publish(Object.values(others).map((topic) => ({ topic, ...foreign })));
    }
    if (turn % 10 === 5) {
      const loser = chain.pop() as FinalBlock;
      head = chain.at(-1) ?? base;
      await publisher.publish(make.leaves(loser, head));
    }
    const wish = { number: head.block.number + 1, parentHash: head.block.hash, fork: `${turn}` };
    head = aBlock({ ...wish, transactions: turn % 7 });
    chain.push(head);
    await publisher.publish(make.joins(head));
    if (turn === 20) await leaver.stop();
  }
  for (const made of chain.slice(0, 10)) await publisher.publish(make.becomesFinal(made, head));
  await until('everything is taken', () => allTaken(own, names), 60_000);
  await assertHolds(reading, [
    ...past.map((made) => ({ made, state: 'final' as const })),
    ...chain.map((made, at) => ({ made, state: at < 10 ? ('final' as const) : ('new' as const) })),
  ]);
  const places = (await deadLettersOf(own, names)).map(
    ({ headers }) => `${headers.source_topic}/${headers.source_partition}/${headers.source_offset}`,
  );
  assert.equal(new Set(places).size, 20);
});
