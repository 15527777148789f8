import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkTo, parseRoute } from './route.ts';

test('every link leads to its page', () => {
  assert.deepEqual(parseRoute(''), { page: 'overview' });
  assert.deepEqual(parseRoute(linkTo.overview), { page: 'overview' });
  assert.deepEqual(parseRoute(linkTo.query), { page: 'query' });
  assert.deepEqual(parseRoute(linkTo.transaction('0xaa')), { page: 'transaction', hash: '0xaa' });
  assert.deepEqual(parseRoute(linkTo.block(17)), { page: 'block', at: '17' });
  assert.deepEqual(parseRoute(linkTo.address('0xbb')), { page: 'address', address: '0xbb' });
  assert.deepEqual(parseRoute(linkTo.result('user/alice', 'gas')), {
    page: 'result',
    owner: 'user/alice',
    name: 'gas',
  });
});

test('what is no address is said, not thrown', () => {
  for (const path of [
    'blocks',
    'blocks/1/2',
    'results/a',
    'nothing',
    'results/%zz/%',
    'results/%ff/%fe',
    'query/x',
  ]) {
    assert.ok(['unknown', 'result'].includes(parseRoute(`#/${path}`).page), path);
  }
  assert.deepEqual(parseRoute('#/nothing'), { page: 'unknown', path: 'nothing' });
});
