import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from './errors.ts';
import { createMetrics, one, sharedFor } from './metrics.ts';

const lines = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name));

test('figures are read at each scrape; what cannot be read is absent, the rest is there', async () => {
  const metrics = createMetrics({ role: 'record', pipeline: 'mainnet' });
  let height: number | undefined = 7;
  let away = false;
  metrics.gauge({ name: 'millrace_head_block_number', help: 'Head.' }, () => one(height));
  metrics.counter({ name: 'millrace_dead_letters_total', help: 'Letters.', labels: ['topic'] }, async () => {
    if (away) throw new MillraceError('StoreUnreachable', { store: 'kafka://x', problem: 'away' });
    return [{ labels: { topic: 'a' }, value: 3 }];
  });
  const labels = 'role="record",pipeline="mainnet"';
  assert.deepEqual(lines(await metrics.text(), 'millrace_head'), [`millrace_head_block_number{${labels}} 7`]);
  height = 8;
  away = true;
  metrics.storeFailed(
    'topics',
    new MillraceError('StoreUnreachable', { store: 'kafka://x', problem: 'away' }),
  );
  const text = await metrics.text();
  assert.deepEqual(lines(text, 'millrace_head'), [`millrace_head_block_number{${labels}} 8`]);
  assert.deepEqual(lines(text, 'millrace_dead_letters_total'), []);
  assert.deepEqual(lines(text, 'millrace_store_errors_total'), [
    `millrace_store_errors_total{store="topics",code="StoreUnreachable",${labels}} 1`,
  ]);
  assert.match(text, /^process_resident_memory_bytes\{/m);
  height = undefined;
  away = false;
  const last = await metrics.text();
  assert.deepEqual(lines(last, 'millrace_head'), []);
  // Read anew each time, not added up.
  assert.match(lines(await metrics.text(), 'millrace_dead_letters_total').join(), /topic="a",.*\} 3$/);
});

test('a figure that never answers holds no scrape up for long', async () => {
  const metrics = createMetrics({ role: 'record', pipeline: 'mainnet' });
  metrics.gauge({ name: 'millrace_coverage_blocks', help: 'Never.' }, () => new Promise(() => undefined));
  const began = performance.now();
  assert.deepEqual(lines(await metrics.text(), 'millrace_coverage'), []);
  assert.ok(performance.now() - began < 5_000);
});

test('a shared reading is read once while it holds', async () => {
  let reads = 0;
  const read = sharedFor(10_000, async () => {
    reads += 1;
    return reads;
  });
  assert.deepEqual([await read(), await read()], [1, 1]);
});
