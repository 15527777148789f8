import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { killWhileWriting } from '../kill-while-writing.fixture.ts';
import { openEmbeddedResults } from './embedded.ts';

const script = join(import.meta.dirname, 'replace-until-killed.fixture.ts');

test('a processor killed again and again leaves each window whole: one generation, its mark and the totals', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-results-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'results.sqlite');
  const made = await openEmbeddedResults({ file });
  await made.ensureTable({
    ...{ owner: 'cluster', processor: 'gas', window: 60, fingerprint: 'a' },
    columns: [
      { name: 'generation', type: 'integer' },
      { name: 'amount', type: 'decimal' },
    ],
  });
  await made.close();

  let generation = 0;
  for (let round = 0; round < 4; round++) {
    const delayMs = Math.random() * 15;
    t.diagnostic(`round ${round}: killed ${delayMs.toFixed(2)} ms after a replacement`);
    const last = await killWhileWriting(t, { script, args: [file, `${generation}`], after: 10, delayMs });
    const [lastStart, acknowledged] = last.split(' ').map(Number);

    const results = await openEmbeddedResults({ file });
    const [table] = await results.tables();
    assert.ok(table && acknowledged !== undefined);
    let total = 0;
    for (const start of [0, 60, 120]) {
      const rows = await results.read(table, { from: start, to: start + 60 });
      const [found] = new Set(rows.map(({ values }) => Number(values[0])));
      assert.ok(found !== undefined);
      assert.ok(
        rows.every(({ values }) => values[0] === found),
        `window ${start} mixes generations`,
      );
      assert.equal(rows.length, 500 + (found % 7) * 100);
      assert.equal((found % 3) * 60, start);
      if (start === lastStart)
        assert.ok(found >= acknowledged, `${acknowledged} was acknowledged, ${found} is there`);
      generation = Math.max(generation, found + 1);
      total += rows.length;
    }
    assert.deepEqual(await results.doneWindows(table, { from: 0, to: 180 }), [0, 60, 120]);
    assert.deepEqual(await results.progress(table), { windows: 3, newest: 120, rows: total });
    await results.close();
  }
});
