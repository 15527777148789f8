// What other programs read of ours, and what ours makes of theirs, with kafkajs as the independent client.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { testServer } from '../../../../test/servers/address.ts';
import type { Cursor } from '../../../chain/step.ts';
import { aName, readAll, take, valuesOf } from '../contract.fixture.ts';
import { newBlockBatches, pipelineTopics, topicSpecs } from '../pipeline-topics.ts';
import type { StoredBatch } from '../port.ts';
import { deleteTopics, kafkaAddress, openTestTopics } from './servers.fixture.ts';

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
// kafkajs leaves zstd to a codec of the user's; Node has one.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => zstdCompressSync(buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
});

const otherClient = () =>
  new Kafka({
    brokers: kafkaAddress(testServer('KAFKA')).hosts.map(({ host, port }) => `${host}:${port}`),
    logLevel: logLevel.NOTHING,
  });

const hash = `0x${'ab'.repeat(32)}`;
const block = { number: 17_686_110, hash, parentHash: `0x${'aa'.repeat(32)}`, timestamp: 1_689_269_891 };
const cursor: Cursor = { sequence: 7, step: 'new', block, head: block, finalized: block };

test('kafkajs reads the records of a block: JSON, decimal text, and the headers of each', {
  timeout: 60_000,
}, async (t) => {
  const topics = await openTestTopics(t);
  const names = pipelineTopics(aName());
  await topics.create(topicSpecs(names, { partitions: 2, historyPartitions: 1, retention: 60_000 }));
  t.after(() => deleteTopics(Object.values(names)));
  const publisher = await topics.publisher(aName());
  const value = '340282366920938463463374607431768211455';
  const row = (index: number) => ({ hash: `0x${index}`, block_hash: hash, transaction_index: index, value });
  const rows = {
    block: { number: block.number, hash, transaction_count: 3 },
    transactions: [row(0), row(1), row(2)],
    logs: [],
  } as unknown as Parameters<typeof newBlockBatches>[1];
  await publisher.publish(newBlockBatches(names, rows, cursor));

  const messages = await consumeAll(t, [names.transactions, names.blocks], 4);
  const transactions = messages.filter(({ topic }) => topic === names.transactions);
  assert.equal(transactions.length, 3);
  for (const [index, { key, value: text, headers }] of transactions.entries()) {
    assert.equal(key, '17686110');
    assert.deepEqual(JSON.parse(text), row(index));
    const { step, block_hash, schema, cursor: at, records } = headers;
    assert.deepEqual(
      { step, block_hash, schema },
      { step: 'new', block_hash: hash, schema: 'millrace.transaction/1' },
    );
    assert.ok(at?.includes(hash));
    assert.equal(records, index === 0 ? '3' : undefined);
  }
  const [header] = messages.filter(({ topic }) => topic === names.blocks);
  assert.equal(header?.headers.schema, 'millrace.block/1');
});

test('records of other producers come one by one, whatever they hold', { timeout: 60_000 }, async (t) => {
  const topics = await openTestTopics(t);
  const topic = aName();
  await topics.create([{ name: topic, partitions: 1, retention: 'forever' }]);
  t.after(() => deleteTopics([topic]));
  const publisher = await topics.publisher(aName());
  const own = (value: string) =>
    publisher.publish([{ topic, key: '1', headers: { step: 'new' }, values: [value, value] }]);
  await own('before');
  const producer = otherClient().producer();
  await producer.connect();
  t.after(() => producer.disconnect());
  await producer.send({
    topic,
    messages: [
      { key: null, value: null },
      {
        key: 'k',
        value: Buffer.from([0xff, 0x00, 0x80]),
        headers: { name: 'é', bytes: Buffer.from([0xff]) },
      },
      { key: 'k', value: 'a text', headers: { records: '99999' } },
    ],
  });
  await producer.send({
    topic,
    compression: CompressionTypes.GZIP,
    messages: [{ key: 'z', value: 'zipped' }],
  });
  await own('after');

  const facts = ({ key, headers, values }: StoredBatch) => ({ key, headers, values });
  const expected = [
    { key: '1', headers: { step: 'new' }, values: ['before', 'before'] },
    { key: '', headers: { 'value-encoding': 'null' }, values: [''] },
    { key: 'k', headers: { name: 'é', bytes: 'ÿ', 'value-encoding': 'base64' }, values: ['/wCA'] },
    { key: 'k', headers: { records: '99999' }, values: ['a text'] },
    { key: 'z', headers: {}, values: ['zipped'] },
    { key: '1', headers: { step: 'new' }, values: ['after', 'after'] },
  ];
  assert.deepEqual((await readAll(topics, topic)).map(facts), expected);
  const consumer = await topics.consumer({ group: aName(), topics: [topic] });
  assert.deepEqual((await take(consumer, 8)).map(facts), expected);
});

test('what a transaction aborted is not read, and is no lag', { timeout: 60_000 }, async (t) => {
  const topics = await openTestTopics(t);
  const [topic, group] = [aName(), aName()];
  await topics.create([{ name: topic, partitions: 1, retention: 'forever' }]);
  t.after(() => deleteTopics([topic]));
  const abort = async () => {
    const producer = otherClient().producer({
      transactionalId: aName(),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key: 'k', value: 'never' }] });
    await transaction.abort();
    await producer.disconnect();
  };
  await abort();
  const nothing = { records: 0, bytes: 0, oldest: undefined };
  assert.deepEqual(await topics.lag(group, topic), nothing);
  const publisher = await topics.publisher(aName());
  await publisher.publish([{ topic, key: '', headers: {}, values: ['1'] }]);
  await abort();
  await publisher.publish([{ topic, key: '', headers: {}, values: ['2'] }]);
  await abort();
  assert.equal((await topics.lag(group, topic)).records, 2);
  const consumer = await topics.consumer({ group, topics: [topic] });
  const batches = await take(consumer, 2);
  assert.deepEqual(valuesOf(batches), ['1', '2']);
  const last = batches.at(-1);
  assert.ok(last);
  await consumer.commit([{ topic, partition: 0, offset: last.next }]);
  await abort();
  assert.deepEqual(await topics.lag(group, topic), nothing);
  assert.deepEqual(valuesOf(await topics.readBackwards({ topic, partition: 0 }, { limit: 9 })), ['2', '1']);
});

async function consumeAll(t: TestContext, topics: readonly string[], count: number) {
  const consumer = otherClient().consumer({ groupId: aName() });
  await consumer.connect();
  t.after(() => consumer.disconnect());
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  const messages: {
    topic: string;
    key: string;
    value: string;
    headers: Record<string, string | undefined>;
  }[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ topic, message }) => {
          const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
          messages.push({
            topic,
            key: String(message.key),
            value: String(message.value),
            headers: Object.fromEntries(headers),
          });
          if (messages.length === count) resolve();
        },
      })
      .catch(reject);
  });
  return messages;
}
