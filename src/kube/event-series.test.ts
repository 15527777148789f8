import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anObject } from './controller.fixture.ts';
import { createSeriesMap, type Occurrence } from './event-series.ts';
import { cut } from './events.ts';
import { createHandClock } from './hand-clock.fixture.ts';

const minute = 60_000;

function aMap() {
  const clock = createHandClock();
  let names = 0;
  const series = createSeriesMap({ now: clock.now, steady: clock.steady, nameOf: () => `event-${++names}` });
  /** What is written of this occurrence: name and count; written at once. */
  const seen = (more: Partial<Occurrence> = {}): string | undefined => {
    const one = series.seen({
      type: 'Warning',
      reason: 'StoreUnreachable',
      action: 'Reconcile',
      note: 'kafka: connection refused',
      regarding: anObject('a'),
      ...more,
    });
    if (one) one.waiting = false;
    return one && `${one.name} ${one.count}`;
  };
  return { clock, seen };
}

describe('which occurrences are written', () => {
  it('the first, the second at once, then ever more seldom and at most once in five minutes', () => {
    const { clock, seen } = aMap();
    const written: string[] = [];
    // Every 10 s for 40 minutes.
    for (let n = 1; n <= 240; n++) {
      const one = seen();
      if (one) written.push(`${one} at ${((n - 1) * 10) / 60} min`);
      clock.freeze(10_000);
    }
    assert.deepEqual(
      written.map((one) => one.replace(/ at .*/, '')),
      ['event-1 1', 'event-1 2', 'event-1 32', 'event-1 64', 'event-1 128'],
    );
  });

  it('a new event after six minutes of silence', () => {
    const { clock, seen } = aMap();
    assert.equal(seen(), 'event-1 1');
    clock.freeze(6 * minute);
    assert.equal(seen(), 'event-1 2');
    clock.freeze(6 * minute + 1);
    assert.equal(seen(), 'event-2 1');
  });

  it('another event for another message, object, reason or type, and not for another resourceVersion', () => {
    const { seen } = aMap();
    assert.equal(seen(), 'event-1 1');
    assert.equal(seen({ note: 'mongodb: connection refused' }), 'event-2 1');
    assert.equal(seen({ regarding: anObject('b') }), 'event-3 1');
    assert.equal(seen({ reason: 'StoreDenied' }), 'event-4 1');
    assert.equal(seen({ type: 'Normal' }), 'event-5 1');
    assert.equal(seen({ related: anObject('c') }), 'event-6 1');
    assert.equal(seen({ regarding: anObject('a', { data: 'changed' }) }), 'event-1 2');
  });

  it('remembers a thousand, and forgets those not seen for longest', () => {
    const { seen } = aMap();
    for (let n = 0; n < 1_000; n++) seen({ note: `${n}` });
    assert.equal(seen({ note: '0' }), 'event-1 2');
    assert.equal(seen({ note: 'one more' }), 'event-1001 1');
    assert.equal(seen({ note: '0' }), undefined);
    assert.equal(seen({ note: '1' }), 'event-1002 1');
  });
});

describe('a note', () => {
  it('is cut at bytes, between characters', () => {
    assert.equal(cut('short', 1_024), 'short');
    for (const text of ['a'.repeat(2_000), 'ü'.repeat(2_000), '鎖'.repeat(2_000), '🌊'.repeat(2_000)])
      for (const bytes of [128, 1_021, 1_022, 1_023, 1_024]) {
        const short = cut(text, bytes);
        assert.ok(Buffer.byteLength(short) <= bytes && Buffer.byteLength(short) > bytes - 7, short);
        assert.ok(short.endsWith('…') && text.startsWith(short.slice(0, -1)), short);
      }
  });
});
