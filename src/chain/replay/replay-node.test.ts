import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import type { Hex } from '../block.ts';
import { verifyBlock } from '../ethereum/verify-block.ts';
import { loadChain } from './load-chain.ts';
import { makeLosingBranch } from './losing-branch.ts';
import { parseServed, runFiles } from './mainnet.fixture.ts';
import { type ReplayNode, type ReplayOptions, startReplay } from './replay-node.ts';
import { callRpc } from './rpc-client.fixture.ts';

const chain = await loadChain({ files: runFiles });
const { first, last } = chain;
const hashAt = (number: number): Hex => chain.block(number).hash;
const hex = (value: number) => `0x${value.toString(16)}`;

/** A clock whose time passes only when a sleeper is woken. */
function steppedClock(): Clock & { wake(): Promise<void>; readonly slept: number[] } {
  const sleepers: (() => void)[] = [];
  const slept: number[] = [];
  return {
    slept,
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        slept.push(ms);
        sleepers.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    wake: async () => {
      sleepers.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

async function shownHashes(node: ReplayNode): Promise<readonly Hex[]> {
  const hashes: Hex[] = [];
  for (let number = first; number <= node.head(); number += 1) {
    const { result } = await callRpc(node.url, 'eth_getBlockByNumber', hex(number), false);
    hashes.push((result as { hash: Hex }).hash);
  }
  return hashes;
}

test('a paced head moves by the clock, ends at the last block, and settles', async () => {
  const clock = steppedClock();
  const head = { start: last - 2, everyMs: 500, settle: true };
  await using node = await startReplay({ chain, head, finalityDistance: 3, clock });
  const seen = [[node.head(), node.finalized()]];
  for (let beat = 0; beat < 5; beat += 1) {
    await clock.wake();
    seen.push([node.head(), node.finalized()]);
  }
  const at = (head: number, finalized: number) => [last - head, last - finalized];
  assert.deepEqual(seen, [at(2, 5), at(1, 4), at(0, 3), at(0, 2), at(0, 1), at(0, 0)]);
  await node.ended;
  assert.deepEqual(clock.slept, [500, 500, 500, 500, 500]);
});

test('a head can follow the times of the blocks', async () => {
  const clock = steppedClock();
  await using node = await startReplay({ chain, head: { start: first, speed: 10 }, clock });
  for (let beat = first; beat < last; beat += 1) await clock.wake();
  await node.ended;
  const total = clock.slept.reduce((sum, ms) => sum + ms, 0);
  assert.equal(total, ((chain.block(last).timestamp - chain.block(first).timestamp) * 1000) / 10);
});

test('a scripted reorg: the losing branch comes and goes, both stay answerable by hash', async () => {
  const at = first + 8;
  await using node = await startReplay({
    chain,
    head: { start: first + 4 },
    reorgs: [{ at, depth: 3 }],
    finalityDistance: 6,
  });
  const own = (to: number) => Array.from({ length: to - first + 1 }, (_, index) => hashAt(first + index));
  assert.deepEqual(await shownHashes(node), own(first + 4));
  node.advance();
  assert.deepEqual(await shownHashes(node), own(at - 3));
  const losing: Hex[] = [];
  for (const height of [at - 2, at - 1, at]) {
    assert.equal(node.advance(), height);
    const shown = await shownHashes(node);
    assert.deepEqual(shown.slice(0, -losing.length - 1), own(at - 3));
    assert.deepEqual(shown.slice(-losing.length - 1, -1), losing);
    const newest = shown.at(-1) ?? '';
    assert.notEqual(newest, hashAt(height));
    losing.push(newest);
    // The winning block exists in the file, but the node does not know it yet.
    assert.equal((await callRpc(node.url, 'eth_getBlockByHash', hashAt(height), false)).result, null);
  }
  node.advance();
  assert.deepEqual(await shownHashes(node), own(at + 1));
  for (const hash of [...losing, hashAt(at - 2), hashAt(at)]) {
    const { result } = await callRpc(node.url, 'eth_getBlockByHash', hash, false);
    assert.equal((result as { hash: Hex }).hash, hash);
  }
  assert.equal(node.finalized(), at + 1 - 6);
  node.setHead(at);
  assert.equal((await shownHashes(node)).at(-1), losing.at(-1));
});

test('a node that starts above a reorg has played it: the same losing blocks are known by hash', async () => {
  const reorgs = [{ at: first + 5, depth: 2 }];
  await using node = await startReplay({ chain, head: { start: first + 5 }, reorgs });
  await using later = await startReplay({ chain, head: { start: first + 9 }, reorgs });
  const [losing = ''] = (await shownHashes(node)).slice(-1);
  const { result } = await callRpc(later.url, 'eth_getBlockByHash', losing, false);
  assert.equal((result as { hash: Hex }).hash, losing);
  assert.equal((await shownHashes(later))[5], hashAt(first + 5));
});

test('a losing branch proves itself, and mines transactions elsewhere or not at all', () => {
  const fork = first + 2;
  const { blocks } = makeLosingBranch({ chain, fork, length: 4, seed: 1 });
  const placeOf = new Map<Hex, number>();
  for (let number = fork + 1; number <= fork + 4; number += 1)
    for (const { hash } of parseServed(chain.block(number)).block.transactions) placeOf.set(hash, number);
  let parentHash = hashAt(fork);
  let time = chain.block(fork).timestamp;
  let elsewhere = 0;
  let mined = 0;
  for (const [at, served] of blocks.entries()) {
    const { block, receipts } = parseServed(served);
    assert.deepEqual(verifyBlock(block, { receipts, senders: false }), []);
    assert.equal(Number(block.number), fork + 1 + at);
    assert.equal(block.parentHash, parentHash);
    assert.ok(served.timestamp > time);
    assert.ok(BigInt(block.gasUsed) <= BigInt(block.gasLimit));
    for (const { hash } of block.transactions) {
      assert.ok(placeOf.has(hash), 'every transaction is one of the chain');
      if (placeOf.get(hash) !== served.number) elsewhere += 1;
      mined += 1;
    }
    parentHash = block.hash;
    time = served.timestamp;
  }
  assert.ok(elsewhere > 20, `${elsewhere} mined in another block`);
  assert.ok(mined < placeOf.size - 20, `${mined} of ${placeOf.size} mined`);
  const hashes = (seed: number) =>
    makeLosingBranch({ chain, fork, length: 4, seed }).blocks.map(({ hash }) => hash);
  assert.deepEqual(
    hashes(1),
    blocks.map(({ hash }) => hash),
  );
  assert.notDeepEqual(hashes(2), hashes(1));
});

test('a transaction is found where the branch that is shown has it', async () => {
  await using node = await startReplay({ chain, head: { start: first + 6 } });
  node.reorg({ depth: 4 });
  const shown = new Map<Hex, number>();
  for (let number = first + 3; number <= first + 6; number += 1) {
    const { result } = await callRpc(node.url, 'eth_getBlockByNumber', hex(number), false);
    for (const hash of (result as { transactions: Hex[] }).transactions) shown.set(hash, number);
  }
  const { transactions } = parseServed(chain.block(first + 4)).block;
  const places = new Set<number | undefined>();
  for (const { hash } of transactions) {
    const { result } = await callRpc(node.url, 'eth_getTransactionReceipt', hash);
    const number = result === null ? undefined : Number((result as { blockNumber: Hex }).blockNumber);
    assert.equal(number, shown.get(hash));
    places.add(number);
  }
  assert.ok(places.has(undefined) && places.size > 2, 'some are dropped, some are elsewhere');
});

test('reorgs by hand: same height, longer, and back to the chain on the next block', async () => {
  await using node = await startReplay({ chain, head: { start: first + 6 } });
  const branches = new Set<Hex | undefined>();
  for (const { depth, length } of [
    { depth: 2, length: 2 },
    { depth: 2, length: 2 },
    { depth: 1, length: 3 },
  ]) {
    const before = node.head();
    node.reorg({ depth, length });
    assert.equal(node.head(), before - depth + length);
    branches.add((await shownHashes(node)).at(-1));
  }
  assert.equal(branches.size, 3);
  node.advance();
  const shown = await shownHashes(node);
  assert.deepEqual(
    shown,
    Array.from({ length: shown.length }, (_, at) => hashAt(first + at)),
  );
  node.switchTo({ height: first + 2 });
  assert.equal(node.head(), first + 2);
  assert.throws(
    () => node.reorg({ depth: 3 }),
    (error) => isMillraceError(error, 'UsageInvalid'),
  );
});

test('a script that cannot be played is refused', async () => {
  const refused: readonly Partial<ReplayOptions>[] = [
    { reorgs: [{ at: last, depth: 1 }] },
    { reorgs: [{ at: first + 2, depth: 3 }], head: { start: first } },
    { reorgs: [{ at: first + 5, depth: 0 }], head: { start: first } },
    {
      reorgs: [
        { at: first + 5, depth: 2 },
        { at: first + 5, depth: 1 },
      ],
      head: { start: first },
    },
    { head: { start: last + 1 } },
  ];
  for (const options of refused)
    await assert.rejects(
      startReplay({ chain, ...options }),
      (error) => isMillraceError(error, 'UsageInvalid'),
      JSON.stringify(options),
    );
});
