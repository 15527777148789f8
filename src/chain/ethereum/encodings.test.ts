import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resizeBlock } from './block-size.ts';
import { keccakHex } from './keccak.ts';
import { orderedTrieRoot } from './ordered-trie.ts';
import { rlpBytes, rlpList, rlpListLength, rlpQuantity } from './rlp.ts';
import { createdAddress } from './sender.ts';
import { transactionHash } from './transaction.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('RLP: the examples of the specification', () => {
  assert.equal(hex(rlpBytes(Buffer.from('dog'))), '83646f67');
  assert.equal(
    hex(rlpList([rlpBytes(Buffer.from('cat')), rlpBytes(Buffer.from('dog'))])),
    'c88363617483646f67',
  );
  assert.equal(hex(rlpBytes(Buffer.alloc(0))), '80');
  assert.equal(hex(rlpList([])), 'c0');
  assert.equal(hex(rlpQuantity('0x0')), '80');
  assert.equal(hex(rlpQuantity('0xf')), '0f');
  assert.equal(hex(rlpQuantity(1024)), '820400');
  assert.equal(hex(rlpBytes(Buffer.alloc(56, 1))), `b838${'01'.repeat(56)}`);
  assert.equal(hex(rlpBytes(Buffer.alloc(1024))), `b90400${'00'.repeat(1024)}`);
});

test('known hashes: nothing, and the root of an empty trie', () => {
  assert.equal(
    keccakHex(Buffer.alloc(0)),
    '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
  );
  assert.equal(orderedTrieRoot([]), '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');
});

test('the root depends on every value and on their order, also where the tree changes its shape', () => {
  for (const count of [1, 2, 16, 17, 127, 128, 129, 255, 256, 257]) {
    const values = Array.from({ length: count }, (_, index) => Buffer.from(`value ${index}`));
    const roots = new Set([orderedTrieRoot(values), orderedTrieRoot([...values, Buffer.from('one more')])]);
    for (const at of [0, count >> 1, count - 1])
      roots.add(orderedTrieRoot(values.map((value, index) => (index === at ? Buffer.from('other') : value))));
    assert.equal(roots.size, count === 1 ? 3 : count === 2 ? 4 : 5, `${count} values`);
  }
});

test('a resized block is as long as its new parts make it, over every length of a prefix', () => {
  const others = 77;
  const size = (header: number, transactions: number) =>
    rlpListLength(header + rlpListLength(transactions) + others);
  for (const before of [0, 60, 300, 70_000])
    for (const after of [0, 1, 54, 55, 255, 256, 65_500, 70_000])
      assert.equal(
        resizeBlock(
          size(500, before),
          { header: 500, transactions: before },
          { header: 510, transactions: after },
        ),
        size(510, after),
      );
});

test('the address of a created contract: from sender and nonce', () => {
  const sender = '0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0';
  assert.equal(createdAddress(sender, 0), '0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d');
  assert.equal(createdAddress(sender, '0x1'), '0x343c43a37d37dff08ae8c4a11544c718abb4fcf8');
});

test('a transaction of a type to come is refused, not hashed wrongly', () => {
  const transaction = { type: '0x7f', hash: '0x00' } as unknown as Parameters<typeof transactionHash>[0];
  assert.throws(() => transactionHash(transaction), /unknown type 0x7f/);
});
