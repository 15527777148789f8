import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogue, describeError, isMillraceError, MillraceError } from './errors.ts';
import { errorsPage } from './errors-page.ts';

test('an error says what, where and what to do, in one line', () => {
  const error = new MillraceError('PortInUse', { address: '127.0.0.1:1' });
  assert.equal(
    describeError(error),
    'PortInUse: 127.0.0.1:1 is in use by another process. To mend it: give another --port, or 0 for any free one.',
  );
  assert.doesNotMatch(
    describeError(new MillraceError('SqlFailed', { where: 'query', problem: 'a\n  b' })),
    /\n/,
  );
  assert.equal(isMillraceError(error, 'PortInUse'), true);
  assert.equal(isMillraceError(error, 'DiskFull'), false);
  assert.equal(error.exitCode, 3);
});

test('an error of no catalogue keeps its own message', () => {
  assert.equal(describeError(new TypeError('x is no function')), 'TypeError: x is no function');
  assert.equal(describeError('text'), 'text');
});

test('every entry has a message and a remedy without a full stop', () => {
  for (const [code, { message, remedy }] of Object.entries(catalogue)) {
    assert.match(code, /^[A-Z][A-Za-z]+$/);
    assert.doesNotMatch(message, /\.$/, code);
    assert.doesNotMatch(remedy, /\.$/, code);
  }
});

test('docs/errors.md is the catalogue (make docs)', () => {
  assert.equal(readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8'), errorsPage());
});
