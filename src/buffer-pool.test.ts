import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
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

test('what is small is not pooled: it takes no room from the large', () => {
  const pool = new BufferPool(MiB);
  const large = pool.take(MiB);
  pool.give(large);
  for (let count = 0; count < 100; count++) {
    const small = pool.take(10_000);
    assert.equal(small.length, 10_000);
    pool.give(small);
  }
  assert.equal(pool.take(MiB), large);
});

test('a buffer larger than the pool does not push the others out', () => {
  const pool = new BufferPool(2 * MiB);
  const [fits, huge] = [pool.take(MiB), pool.take(3 * MiB)];
  pool.give(fits);
  pool.give(huge);
  assert.equal(pool.take(MiB), fits);
});

test('in use and spare together are at most what was asked for and the bound more, whatever comes and goes', () => {
  const maxBytes = MiB;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 2 * MiB }), fc.nat()), { maxLength: 60 }),
      (steps) => {
        const pool = new BufferPool(maxBytes);
        const inUse: { readonly buffer: Buffer; readonly bytes: number }[] = [];
        const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
        for (const [bytes, dice] of steps) {
          const [back] = dice % 2 === 0 ? inUse.splice(dice % Math.max(1, inUse.length), 1) : [];
          if (back) pool.give(back.buffer);
          else inUse.push({ buffer: pool.take(bytes), bytes });
          assert.ok(inUse.every((one) => one.buffer.length >= one.bytes));
          const held = sum(inUse.map(({ buffer }) => buffer.length)) + pool.spareBytes;
          assert.ok(held <= sum(inUse.map((one) => one.bytes)) + maxBytes);
        }
      },
    ),
  );
});
