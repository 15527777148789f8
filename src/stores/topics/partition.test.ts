import assert from 'node:assert/strict';
import { test } from 'node:test';
import { murmur2, partitionOf } from './partition.ts';

test('murmur2 gives the values of Kafka’s own test', () => {
  // org.apache.kafka.common.utils.UtilsTest#testMurmur2
  const known: readonly (readonly [string, number])[] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [key, hash] of known) assert.equal(murmur2(Buffer.from(key)), hash, key);
});

test('partitions are in range, and block numbers spread over them evenly', () => {
  const counts = Array(6).fill(0);
  for (let number = 17_686_110; number < 17_692_110; number++) counts[partitionOf(`${number}`, 6)]++;
  assert.equal(counts.length, 6);
  for (const count of counts) assert.ok(count > 850 && count < 1150, `${counts}`);
  assert.equal(partitionOf('anything', 1), 0);
});
