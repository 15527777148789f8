import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import { parseReplayUrl } from './replay-endpoint.ts';

test('the options of a replay address', () => {
  assert.deepEqual(parseReplayUrl('replay:mainnet?head=17&every=2s&finality=4&reorg=20:3&reorg=22:1'), {
    path: 'mainnet',
    replay: {
      head: { settle: true, start: 17, everyMs: 2_000 },
      finalityDistance: 4,
      reorgs: [
        { at: 20, depth: 3 },
        { at: 22, depth: 1 },
      ],
    },
  });
  assert.deepEqual(parseReplayUrl('replay:/x/y.ndjson?blocks=50&ending=now').replay.relink, {
    blocks: 50,
    ending: 'now',
  });
});

test('what is wrong with one is said', () => {
  for (const [url, problem] of [
    ['replay:', /names no file/],
    ['replay:x?hed=3', /no option hed/],
    ['replay:x?head=a', /whole number/],
    ['replay:x?every=soon', /duration/],
    ['replay:x?reorg=3', /AT:DEPTH/],
    ['replay:x?ending=tomorrow', /now or Unix/],
  ] as const) {
    assert.throws(
      () => parseReplayUrl(url),
      (error) => isMillraceError(error, 'UsageInvalid') && problem.test(error.message),
      url,
    );
  }
});
