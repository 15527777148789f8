import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferPool } from './buffer-pool.ts';

const MiB = 1024 * 1024;

test('a buffer that was given back serves again, but not who needs far less or more', () => {
  const pool = new BufferPool(8 * MiB);
  const buffer = pool.take(MiB);
  assert.ok(buffer.length >= MiB);
  pool.give(buffer);
  assert.notEqual(pool.take(buffer.length + 1), buffer);
  assert.notEqual(pool.take(1_000), buffer);
  assert.equal(pool.take(MiB / 2), buffer);
  assert.notEqual(pool.take(MiB / 2), buffer);
});

test('what is spare is bounded by bytes: the oldest go', () => {
  const pool = new BufferPool(2 * MiB);
  const [old, middle, young] = [pool.take(MiB), pool.take(MiB), pool.take(MiB)];
  for (const buffer of [old, middle, young]) pool.give(buffer);
  assert.deepEqual(
    [pool.take(MiB), pool.take(MiB), pool.take(MiB)].map((buffer) => [old, middle, young].indexOf(buffer)),
    [1, 2, -1],
  );
});
