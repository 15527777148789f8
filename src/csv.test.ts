import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine } from './csv.ts';

test('commas, quotes and line breaks stay inside their field; null and empty text differ', () => {
  assert.equal(
    csvLine(['plain', 'a,b', 'say "x"', 'two\nlines', '', null, true, 1.5]),
    'plain,"a,b","say ""x""","two\nlines","",,true,1.5\r\n',
  );
});
