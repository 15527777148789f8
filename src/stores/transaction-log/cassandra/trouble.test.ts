import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import { isMillraceError } from '../../../errors.ts';
import { explainCassandra, mayPass } from './trouble.ts';

const codes = types.responseErrorCodes;
const answered = (code: number) => new errors.ResponseError(code, 'as the server says\nat length');
const noHost = (...causes: Error[]) =>
  new errors.NoHostAvailableError(
    Object.fromEntries(causes.map((cause, at) => [`10.0.0.${at}:9042`, cause])),
  );
const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:9042'), { code: 'ECONNREFUSED' });

describe('what the driver throws', () => {
  const told: readonly [string, Error, 'StoreUnreachable' | 'StoreDenied', string][] = [
    ['a timeout of a write', answered(codes.writeTimeout), 'StoreUnreachable', 'as the server says'],
    ['too few replicas', answered(codes.unavailableException), 'StoreUnreachable', 'as the server says'],
    ['an overloaded server', answered(codes.overloaded), 'StoreUnreachable', 'as the server says'],
    ['no permission', answered(codes.unauthorized), 'StoreDenied', 'as the server says'],
    ['no host', noHost(refused), 'StoreUnreachable', refused.message],
    [
      'a wrong password, which the driver puts inside',
      noHost(refused, new errors.AuthenticationError('Provided username x is incorrect')),
      'StoreDenied',
      'Provided username x is incorrect',
    ],
    ['no answer in time', new errors.OperationTimedOutError('timed out'), 'StoreUnreachable', 'timed out'],
  ];
  for (const [name, error, code, problem] of told) {
    test(name, () => {
      const explained = explainCassandra(error, 'cassandra://db:9042', 'to read');
      assert.ok(isMillraceError(explained, code));
      assert.equal(explained.fields.problem, problem);
      assert.equal(explained.fields.store, 'cassandra://db:9042');
      assert.equal(explained.cause, error);
      assert.equal(mayPass(error), code === 'StoreUnreachable');
    });
  }

  test('a mistake of ours stays what it is', () => {
    const mistake = answered(codes.invalid);
    assert.equal(explainCassandra(mistake, 'cassandra://db:9042', 'to read'), mistake);
    assert.equal(mayPass(mistake), false);
  });
});
