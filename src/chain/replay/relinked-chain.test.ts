import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import type { RawBlock, RawTransaction } from '../block.ts';
import { recoverSender } from '../ethereum/sender.ts';
import { verifyBlock } from '../ethereum/verify-block.ts';
import { loadChain } from './load-chain.ts';
import { parseServed, readBlocks, runFiles, shapeFiles } from './mainnet.fixture.ts';
import type { ReplayChain } from './replay-chain.ts';

function* parsed(chain: ReplayChain) {
  for (let number = chain.first; number <= chain.last; number += 1) yield parseServed(chain.block(number));
}

test('scattered blocks become one chain in which everything proves itself', async () => {
  const sources = await readBlocks(shapeFiles);
  const ending = 1_800_000_000;
  const chain = await loadChain({ files: shapeFiles, relink: { blocks: 60, startNumber: 500, ending } });
  assert.deepEqual([chain.first, chain.last], [500, 559]);
  const hashes = new Set<string>();
  const made = new Set<string>();
  let before: RawBlock | undefined;
  let at = 0;
  for (const { block, receipts } of parsed(chain)) {
    // Senders of the first round are the source's own, proven there; of the later ones every one is recovered.
    assert.deepEqual(verifyBlock(block, { receipts, senders: at >= sources.length }), []);
    assert.equal(Number(block.number), 500 + at);
    if (before) {
      assert.equal(block.parentHash, before.hash);
      assert.equal(Number(block.timestamp), Number(before.timestamp) + 12);
    }
    const source = sources[at % sources.length]?.block;
    assert.ok(source);
    assert.equal(block.transactions.length, source.transactions.length);
    assert.equal(block.gasUsed, source.gasUsed);
    for (const [index, transaction] of block.transactions.entries()) {
      hashes.add(transaction.hash);
      const original = source.transactions[index] as RawTransaction;
      if (at < sources.length) assert.deepEqual(content(transaction), content(original));
      else made.add(transaction.from);
      assert.equal(transaction.to, original.to);
      assert.equal(transaction.value, original.value);
      assert.deepEqual(chain.findTransaction(transaction.hash), { number: 500 + at, index });
    }
    const light = JSON.parse(String(chain.block(500 + at).withHashes?.())) as RawBlock;
    assert.deepEqual(light, { ...block, transactions: block.transactions.map(({ hash }) => hash) });
    assert.equal(chain.numberOf(block.hash), 500 + at);
    before = block;
    at += 1;
  }
  assert.equal(at, 60);
  assert.equal(Number(before?.timestamp), ending);
  const total = [...parsed(chain)].reduce((sum, { block }) => sum + block.transactions.length, 0);
  assert.equal(hashes.size, total);
  assert.ok(made.size > 200, `${made.size} made senders`);
  assert.equal(chain.findTransaction(`0x${'00'.repeat(32)}`), undefined);
  assert.match(chain.describe(), /60 blocks 500-559, relinked from 17 real blocks\. Real: 539 transactions/);
  assert.match(chain.describe(), /1367 repeated transactions, signed again by made accounts/);
});

/** A transaction without its place. */
function content({ blockHash: _, blockNumber: __, blockTimestamp: ___, ...rest }: RawTransaction) {
  return rest;
}

test('hashes of repeated transactions are well mixed', async () => {
  const chain = await loadChain({ files: shapeFiles, relink: { blocks: 60 } });
  assert.deepEqual([chain.first, chain.last], [1_000_000, 1_000_059]);
  const firstBytes = new Map<string, number>();
  let count = 0;
  for (const { block } of parsed(chain)) {
    for (const { hash } of block.transactions) {
      firstBytes.set(hash.slice(2, 4), (firstBytes.get(hash.slice(2, 4)) ?? 0) + 1);
      count += 1;
    }
  }
  // 1,906 hashes over 256 bytes: 7.4 each on average; a hash that only shifts would leave most empty.
  assert.ok(firstBytes.size > 245, `${firstBytes.size} of 256 first bytes`);
  assert.ok(Math.max(...firstBytes.values()) < (count / 256) * 4);
});

test('a run keeps its spacing, real receipts and logs, and is made again alike', async () => {
  const relink = { blocks: 26, ending: 'now' } as const;
  const clock = { now: () => 1_795_000_000_500, sleep: () => Promise.resolve() };
  const chain = await loadChain({ files: runFiles, relink, clock });
  const again = await loadChain({ files: runFiles, relink, clock, cacheBytes: 1 });
  const sources = await readBlocks(runFiles);
  let at = 0;
  let before: RawBlock | undefined;
  for (const { block, receipts } of parsed(chain)) {
    const source = sources[at % sources.length];
    assert.ok(source?.receipts);
    if (at > 20) assert.deepEqual(verifyBlock(block, { receipts, senders: false }), []);
    const sample = block.transactions[at] as RawTransaction;
    assert.equal(sample.from, recoverSender(sample));
    assert.deepEqual(
      receipts.map(({ logs }) => logs.map(({ address, topics, data }) => [address, topics, data])),
      source.receipts.map(({ logs }) => logs.map(({ address, topics, data }) => [address, topics, data])),
    );
    const previous = sources[(at % sources.length) - 1]?.block;
    const gap = previous ? Number(source.block.timestamp) - Number(previous.timestamp) : 12;
    if (before) assert.equal(Number(block.timestamp) - Number(before.timestamp), gap);
    const number = Number(block.number);
    assert.ok(chain.block(number).full().equals(again.block(number).full()));
    assert.ok(again.block(number).receipts().equals(chain.block(number).receipts()));
    before = block;
    at += 1;
  }
  assert.equal(Number(before?.timestamp), 1_795_000_000);
});

test('a chain that cannot be made is refused', async () => {
  for (const relink of [{ blocks: 0 }, { blocks: 1.5 }, { startNumber: -1 }, { ending: 5 }])
    await assert.rejects(
      loadChain({ files: shapeFiles, relink }),
      (error) => isMillraceError(error, 'UsageInvalid'),
      JSON.stringify(relink),
    );
});
