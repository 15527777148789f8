import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packValues, unpackValues } from './batch-payload.ts';
import { TextWriter, valuesAsBytes, valuesBytes, valuesTexts } from './text-bytes.ts';

const anyText = fc.string({ unit: 'grapheme' });

test('what is written piece by piece comes back whole, whatever it holds and however long it is', () => {
  const writer = new TextWriter();
  const long = fc
    .tuple(anyText, fc.integer({ min: 0, max: 200_000 }))
    .map(([text, times]) => text.repeat(times % 5_000));
  const pieces = fc.array(fc.oneof({ weight: 9, arbitrary: anyText }, long), { maxLength: 5 });
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 20 }), (texts) => {
      for (const parts of texts) {
        for (const part of parts) writer.write(part);
        writer.end();
      }
      const taken = writer.take();
      const expected = texts.map((parts) => parts.join(''));
      assert.deepEqual(taken.texts(), expected);
      assert.equal(taken.ascii, !/[^\0-\x7f]/.test(expected.join('')));
      assert.equal(valuesBytes(taken), valuesBytes(expected));
      assert.deepEqual(valuesAsBytes(expected).texts(), expected);
    }),
    { numRuns: 200 },
  );
});

test('what was taken stays as it is while the writer goes on', () => {
  const writer = new TextWriter();
  writer.write('first');
  writer.end();
  const first = writer.take();
  writer.write('second');
  writer.end();
  assert.deepEqual([first.texts(), writer.take().texts()], [['first'], ['second']]);
});

test('bytes and texts of one batch are the same payload to a reader', () => {
  fc.assert(
    fc.property(fc.array(anyText, { minLength: 1, maxLength: 40 }), (texts) => {
      const payloads = [texts, valuesAsBytes(texts), writtenOf(texts)].map(packValues);
      for (const { encoding, data, bytes } of payloads) {
        assert.deepEqual(unpackValues(encoding, data), valuesTexts(texts));
        assert.equal(bytes, valuesBytes(texts));
      }
    }),
  );
});

function writtenOf(texts: readonly string[]) {
  const writer = new TextWriter();
  for (const text of texts) {
    writer.write(text);
    writer.end();
  }
  return writer.take();
}
