import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createJsonSplitter } from './json-splitter.ts';

test('any objects and lists, however they are joined and cut, come out whole and in order', () => {
  const values = fc.array(
    fc.oneof(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.array(fc.jsonValue())),
    {
      maxLength: 8,
    },
  );
  const between = fc.constantFrom('', '\n', ' \r\n');
  const pretty = fc.constantFrom(0, 2);
  fc.assert(
    fc.property(values, between, pretty, fc.integer({ min: 1, max: 50 }), (all, gap, indent, size) => {
      const text = Buffer.from(all.map((value) => JSON.stringify(value, null, indent)).join(gap));
      const splitter = createJsonSplitter();
      const found: unknown[] = [];
      for (let at = 0; at < text.length; at += size) {
        for (const part of splitter.push(text.subarray(at, at + size)))
          found.push(JSON.parse(part.toString()));
      }
      assert.deepEqual(found, JSON.parse(JSON.stringify(all)));
      assert.equal(splitter.buffered, 0);
    }),
  );
});

test('what is held of an unfinished text is counted', () => {
  const splitter = createJsonSplitter();
  splitter.push(Buffer.from('{}{"a":"'));
  assert.equal(splitter.buffered, 6);
  splitter.push(Buffer.from('}}}'));
  assert.equal(splitter.buffered, 9);
  assert.deepEqual(splitter.push(Buffer.from('"}[')).map(String), ['{"a":"}}}"}']);
  assert.equal(splitter.buffered, 1);
});
