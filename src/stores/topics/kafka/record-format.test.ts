import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RecordBatch, StoredBatch } from '../port.ts';
import { PartitionReader } from './partition-reader.ts';
import { at, attribute } from './record-format.ts';
import { headAt } from './record-reader.ts';
import { packRecords, sealRecords } from './record-writer.ts';

const topic = 't';
const key = 'k';
const batch = (values: readonly string[], headers = {}): RecordBatch => ({ topic, key, headers, values });

/** Record batches of one producer as they stand in a partition, from `base` on. */
async function stored(batches: readonly RecordBatch[], producerId: bigint, base: number): Promise<Buffer[]> {
  let offset = base;
  return (await packRecords(batches)).map((packed) => {
    const buffer = sealRecords(packed, {
      producerId,
      producerEpoch: 0,
      sequence: offset - base,
      time: 1_000,
    });
    buffer.writeBigInt64BE(BigInt(offset), at.baseOffset);
    offset += packed.count;
    return buffer;
  });
}

/** The marker that ends a transaction. */
function marker(producerId: bigint, base: number, type: 'abort' | 'commit'): Buffer {
  const record = Buffer.from([0x20, 0, 0, 0, 8, 0, 0, 0, type === 'commit' ? 1 : 0, 12, 0, 0, 0, 0, 0, 0, 0]);
  const buffer = Buffer.alloc(at.records + record.length);
  buffer.writeBigInt64BE(BigInt(base), at.baseOffset);
  buffer.writeInt32BE(buffer.length - 12, at.length);
  buffer.writeInt16BE(attribute.transactional | attribute.control, at.attributes);
  buffer.writeBigInt64BE(producerId, at.producerId);
  buffer.writeInt32BE(1, at.count);
  record.copy(buffer, at.records);
  return buffer;
}

const facts = ({ offset, next, values }: StoredBatch) => ({ offset, next, values: values.length });

function reading(
  from: number,
  buffers: readonly Buffer[],
  aborted: { producerId: bigint; first: number }[] = [],
) {
  const reader = new PartitionReader({ topic, partition: 0, offset: from });
  const records = Buffer.concat(buffers);
  let end = 0;
  for (let place = 0; place < records.length; ) {
    const head = headAt(records, place);
    assert.ok(head);
    end = head.end;
    place += head.size;
  }
  reader.accept({ topicId: '', partition: 0, errorCode: 0, stableEnd: end, first: 0, aborted, records });
  const batches: StoredBatch[] = [];
  for (let taken = reader.take(); taken; taken = reader.take()) batches.push(taken);
  return batches;
}

test('batches come back as they were given, whatever their sizes', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constant('x'.repeat(300_000)),
    fc.constant('yz'.repeat(700_000)),
  );
  const given = fc.array(
    fc.record({
      values: fc.array(text, { minLength: 1, maxLength: 8 }),
      headers: fc.dictionary(fc.constantFrom('step', 'cursor', 'schema'), fc.string({ maxLength: 20 }), {
        noNullPrototype: true,
      }),
    }),
    { minLength: 1, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(given, fc.nat(50), async (batches, from) => {
      const buffers = await stored(
        batches.map(({ values, headers }) => batch(values, headers)),
        7n,
        0,
      );
      const read = reading(from, buffers);
      let first = 0;
      const expected = batches.flatMap(({ values, headers }) => {
        const own = { values: values.slice(Math.max(0, from - first)), headers };
        first += values.length;
        return own.values.length > 0 ? [own] : [];
      });
      assert.deepEqual(
        read.map(({ values, headers }) => ({ values, headers })),
        expected,
      );
    }),
    { numRuns: 25 },
  );
});

test('a batch in several record batches is whole, also with records of others between them', async () => {
  const large = batch(Array.from({ length: 5 }, () => 'x'.repeat(600_000)));
  const [one, two, three, ...more] = await stored([large], 1n, 0);
  assert.ok(one && two && three && more.length === 0);
  const shifted = (buffer: Buffer, by: number) => {
    const copy = Buffer.from(buffer);
    copy.writeBigInt64BE(copy.readBigInt64BE(at.baseOffset) + BigInt(by), at.baseOffset);
    return copy;
  };
  const [other] = await stored([batch(['other'])], 2n, 2);
  assert.ok(other);
  const mixed = [
    one,
    other,
    marker(2n, 3, 'commit'),
    shifted(two, 2),
    shifted(three, 2),
    marker(1n, 7, 'commit'),
  ];
  assert.deepEqual(reading(0, mixed).map(facts), [
    { offset: 2, next: 0, values: 1 },
    { offset: 0, next: 8, values: 5 },
  ]);
  assert.deepEqual(reading(4, mixed).map(facts), [{ offset: 4, next: 8, values: 3 }], 'the rest of it');
});

test('what is aborted is passed over, and what the same producer committed is not', async () => {
  const [first] = await stored([batch(['1'])], 1n, 0);
  const [second] = await stored([batch(['2', '2'])], 1n, 2);
  const [third] = await stored([batch(['3'])], 1n, 5);
  assert.ok(first && second && third);
  const buffers = [
    ...[first, marker(1n, 1, 'commit')],
    ...[second, marker(1n, 4, 'abort')],
    ...[third, marker(1n, 6, 'commit')],
  ];
  assert.deepEqual(reading(0, buffers, [{ producerId: 1n, first: 2 }]).map(facts), [
    { offset: 0, next: 5, values: 1 },
    { offset: 5, next: 7, values: 1 },
  ]);
});

test('a batch whose transaction ended early is given as far as it came', async () => {
  const [one] = await stored([batch(Array.from({ length: 5 }, () => 'x'.repeat(600_000)))], 1n, 0);
  assert.ok(one);
  assert.deepEqual(reading(0, [one, marker(1n, 2, 'commit')]).map(facts), [
    { offset: 0, next: 3, values: 2 },
  ]);
});
