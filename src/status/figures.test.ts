import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStageLag } from './describe-lag.ts';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  formatSize,
  plural,
  shortHash,
} from './figures.ts';
import type { StageLag } from './pipeline-status.ts';

test('thousands are separated, whatever the length', () => {
  assert.equal(formatCount(17686110), '17,686,110');
  assert.equal(formatCount(999), '999');
  assert.equal(formatCount('-1234567.0001234'), '-1,234,567.0001234');
  assert.equal(formatCount(2n ** 256n - 1n).replaceAll(',', ''), String(2n ** 256n - 1n));
});

test('bytes are MiB and rates keep a digit while small', () => {
  assert.equal(formatBytes(1_572_864), '1.5 MiB');
  assert.equal(formatBytes(5_000_000_000), '4,768 MiB');
  assert.deepEqual([0, 812, 14_541, 1_572_864].map(formatSize), ['0 B', '812 B', '14.2 KiB', '1.5 MiB']);
  assert.deepEqual([0, 0.44, 37.2, 12345.6].map(formatRate), ['0', '0.4', '37', '12,346']);
});

test('durations say two units and ages one', () => {
  assert.deepEqual([9, 75, 3600, 8040, 200_000].map(formatDuration), [
    '9 s',
    '1 min 15 s',
    '1 h',
    '2 h 14 min',
    '2 d 7 h',
  ]);
  assert.deepEqual([12, 119, 120, 7200, 400_000, -3].map(formatAge), [
    '12 s ago',
    '119 s ago',
    '2 min ago',
    '2 h ago',
    '4 d ago',
    '0 s ago',
  ]);
});

test('a share reaches 100 % only when everything is there', () => {
  assert.deepEqual(
    [formatShare(99_999, 100_000), formatShare(5, 5), formatShare(0, 0), formatShare(1, 3)],
    ['99.9 %', '100 %', '0 %', '33.3 %'],
  );
});

test('a stage says what is before it, the processor which window is still open', () => {
  const stage = { transactionsPerSecond: 0, transactions: 0, bufferedBytes: 0 };
  const lagOf = (lag: StageLag) => describeStageLag({ ...stage, name: 'recorder', lag }, { processors: [] });
  assert.deepEqual([{}, { blocks: 0 }, { blocks: 1, bytes: 2 ** 20 }].map(lagOf), [
    '–',
    'none',
    '1 block · 1.0 MiB',
  ]);
  const waits = (...ends: readonly number[]) =>
    describeStageLag(
      { ...stage, name: 'processor', lag: {} },
      {
        processors: ends.map((end) => ({
          name: 'a',
          owner: 'cluster',
          table: 'a',
          state: 'waiting' as const,
          windowsDone: 0,
          openWindow: { start: end - 60, end },
        })),
      },
    );
  const noon = Date.UTC(2023, 6, 13, 12) / 1000;
  assert.equal(waits(), '–');
  assert.equal(waits(noon + 60, noon), 'window open to 12:00');
  assert.equal(waits(noon + 10), 'window open to 12:00:10');
  assert.equal(waits(noon + 43_200), 'window open to 07-14 00:00');
});

test('hashes shorten and nouns agree', () => {
  assert.equal(shortHash(`0x${'ab'.repeat(32)}`), '0xababab…abab');
  assert.equal(shortHash('0x1234'), '0x1234');
  assert.deepEqual([plural(1, 'block'), plural(1200, 'block')], ['1 block', '1,200 blocks']);
});
