import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { types } from 'cassandra-driver';
import { isMillraceError } from '../../../errors.ts';
import { tableColumns } from '../columns.ts';
import { aBlock } from '../made-blocks.ts';
import { columnNumber } from '../tuple.ts';
import { bytesOf, encodeRows, hexOf, keyOf } from './row-codec.ts';

const [made] = aBlock({ number: 7 }).transactions;

describe('rows for the driver', () => {
  test('what is absent is unset, never null, which would be a tombstone', () => {
    const { rows } = encodeRows('transactions', [{ ...made, to_address: null, extra: undefined }], 'a test');
    assert.ok(rows[0]?.every((value) => value !== null));
    assert.equal(rows[0]?.[columnNumber('transactions', 'to_address')], undefined);
    assert.equal(rows[0]?.length, tableColumns.transactions.length);
  });

  test('a hex text is its bytes, an empty one too', () => {
    const { rows } = encodeRows('transactions', [{ ...made, input: '0xDEAD00ff' }], 'a test');
    assert.deepEqual(rows[0]?.[columnNumber('transactions', 'input')], Buffer.from('dead00ff', 'hex'));
    assert.equal(hexOf(bytesOf('0x') ?? Buffer.from('x')), '0x');
    assert.equal(keyOf('0x'), undefined, 'nothing cannot be a key');
  });

  test('a 64-bit text keeps every digit', () => {
    const { rows } = encodeRows('transactions', [{ ...made, nonce: '9223372036854775807' }], 'a test');
    const nonce = rows[0]?.[columnNumber('transactions', 'nonce')];
    assert.equal(types.Long.fromString(String(nonce)).toString(), '9223372036854775807');
  });

  const refused: readonly [string, Record<string, string | number>][] = [
    ['an odd number of digits', { input: '0xabc' }],
    ['text that is no hex', { from_address: 'vitalik.eth' }],
    ['a time that no date reaches', { block_timestamp: 8_640_000_000_001 }],
    ['a number beyond 64 bits', { gas: '9223372036854775808' }],
  ];
  for (const [name, wrong] of refused) {
    test(`${name} is named`, () => {
      const [column] = Object.keys(wrong);
      assert.throws(
        () => encodeRows('transactions', [{ ...made }, { ...made, ...wrong }], 'block 7'),
        (error) => {
          assert.ok(isMillraceError(error, 'ValueOutOfRange'));
          assert.equal(error.fields.column, `transactions.${column}`);
          assert.equal(error.fields.where, 'row 1 of block 7');
          return true;
        },
      );
    });
  }
});
