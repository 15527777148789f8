import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { lines } from './client-lines.ts';

async function* chunked(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const size of sizes) {
    if (from >= bytes.length) return;
    yield bytes.subarray(from, from + size);
    from += size;
  }
  if (from < bytes.length) yield bytes.subarray(from);
}

async function all(read: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const each of read) found.push(each);
  return found;
}

describe('lines', () => {
  it('are the same however the bytes were cut, characters included', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 }).map((each) => each.replaceAll('\n', ''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 200 }),
        async (written, sizes) => {
          const bytes = Buffer.from(written.map((each) => `${each}\n`).join(''));
          const read = await all(lines(chunked(bytes, sizes), 1_000));
          assert.deepEqual(
            read.filter((each) => each !== ''),
            written.filter((each) => each !== ''),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('that were cut off are not told', async () => {
    assert.deepEqual(await all(lines(chunked(Buffer.from('a\nb'), []), 10)), ['a']);
  });

  it('longer than the bound end it', async () => {
    const bytes = Buffer.alloc(100, 'x');
    await assert.rejects(all(lines(chunked(bytes, [40, 40]), 50)), /more than 50 bytes/);
  });
});
