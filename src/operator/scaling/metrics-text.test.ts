import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Gauge, Registry } from 'prom-client';
import { parseMetrics } from './metrics-text.ts';

test('what prom-client writes is read back, whatever the labels hold', async () => {
  const sample = fc.record({
    labels: fc.record({ topic: fc.string({ unit: 'binary' }), group: fc.string() }),
    value: fc.oneof(fc.double(), fc.integer()),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(sample, { selector: ({ labels }) => JSON.stringify(labels) }),
      async (samples) => {
        const registry = new Registry();
        const labelNames = ['topic', 'group'];
        const gauge = new Gauge({ name: 'millrace_lag_bytes', help: 'h', labelNames, registers: [registry] });
        const other = new Gauge({ name: 'nodejs_heap', help: 'h', registers: [registry] });
        other.set(1);
        for (const { labels, value } of samples) gauge.set(labels, value);
        const read = parseMetrics(await registry.metrics(), 'millrace_');
        assert.deepEqual(
          read.map(({ labels, value }) => ({ labels, value: value + 0 })),
          samples.map(({ labels, value }) => ({ labels: { ...labels }, value: value + 0 })),
        );
      },
    ),
  );
});

test('the text form by its specification', () => {
  const text = [
    '# HELP millrace_a Help with \\n and {braces}.',
    '# TYPE millrace_a gauge',
    'millrace_a 1',
    'millrace_a{} 2 1395066363000',
    'millrace_a{ a = "x" , b="y, \\"}\\" \\\\ \\n", } -0.5e3',
    'millrace_a{a=""} +Inf',
    '',
  ].join('\n');
  assert.deepEqual(parseMetrics(text, 'millrace_'), [
    { name: 'millrace_a', labels: {}, value: 1 },
    { name: 'millrace_a', labels: {}, value: 2 },
    { name: 'millrace_a', labels: { a: 'x', b: 'y, "}" \\ \n' }, value: -500 },
    { name: 'millrace_a', labels: { a: '' }, value: Number.POSITIVE_INFINITY },
  ]);
});

test('anything else is refused, and quoted', () => {
  for (const bad of ['millrace_a', 'millrace_a{a="x} 1', 'millrace_a{a=x} 1', 'millrace_a much'])
    assert.throws(() => parseMetrics(bad, 'millrace_'), {
      name: 'SyntaxError',
      message: `no sample: ${bad}`,
    });
});
