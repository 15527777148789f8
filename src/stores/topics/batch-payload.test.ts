import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packValues, unpackValues } from './batch-payload.ts';

test('any strings come back exactly, half surrogate pairs included', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
    fc.constantFrom('', '\n', '1,2\n', '\ud83e', '\uddf1', '\ufeff', '\u0000'.repeat(500)),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
      const { encoding, data, bytes } = packValues(values);
      assert.deepEqual(unpackValues(encoding, data), values);
      assert.equal(bytes, Buffer.byteLength(values.join('')));
    }),
  );
});

test('real-looking records shrink', () => {
  const values = Array.from({ length: 200 }, (_, at) =>
    JSON.stringify({ nonce: at, to: '0xdac17f958d2ee523', value: '0' }),
  );
  const { data, bytes } = packValues(values);
  assert.ok(data.length < bytes / 4, `${bytes} bytes became ${data.length}`);
});

test('a damaged payload is an error, never other values', () => {
  const values = Array.from({ length: 50 }, (_, at) => `value ${at}`);
  const { encoding, data } = packValues(values);
  let errors = 0;
  for (let at = 0; at < data.length; at++) {
    const damaged = Uint8Array.from(data);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    try {
      // A bit that means nothing may change nothing.
      assert.deepEqual(unpackValues(encoding, damaged), values);
    } catch (error) {
      assert.ok(!(error instanceof assert.AssertionError), `damage at byte ${at} gave other values`);
      errors++;
    }
  }
  assert.ok(errors > data.length * 0.9, `${errors} of ${data.length} were found`);
  assert.throws(() => unpackValues(0, Buffer.from('3\nabcd')), RangeError);
});
