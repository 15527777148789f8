import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  plural,
  shortHash,
} from './figures.ts';

test('thousands are separated, whatever the length', () => {
  assert.equal(formatCount(17686110), '17,686,110');
  assert.equal(formatCount(999), '999');
  assert.equal(formatCount('-1234567.0001234'), '-1,234,567.0001234');
  assert.equal(formatCount(2n ** 256n - 1n).replaceAll(',', ''), String(2n ** 256n - 1n));
});

test('bytes are MiB and rates keep a digit while small', () => {
  assert.equal(formatBytes(1_572_864), '1.5 MiB');
  assert.equal(formatBytes(5_000_000_000), '4,768 MiB');
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

test('hashes shorten and nouns agree', () => {
  assert.equal(shortHash(`0x${'ab'.repeat(32)}`), '0xababab…abab');
  assert.equal(shortHash('0x1234'), '0x1234');
  assert.deepEqual([plural(1, 'block'), plural(1200, 'block')], ['1 block', '1,200 blocks']);
});
