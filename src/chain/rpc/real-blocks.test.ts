// Real mainnet blocks through the whole way: files, replay node, HTTP or WebSocket, checks. What comes out is what
// the files hold, field by field.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainBlock } from '../block.ts';
import { checkBlock, checkHeader } from '../check-block.ts';
import { readBlocks, runFiles, shapeFiles } from '../replay/mainnet.fixture.ts';
import { startReplay } from '../replay/replay-node.ts';
import { connectTo, never } from './connect.fixture.ts';

const run = await readBlocks(runFiles);

test('a run of blocks by HTTP and by WebSocket is what the files hold', async () => {
  await using node = await startReplay({ files: runFiles });
  for (const url of [node.url, node.wsUrl]) {
    const reader = await connectTo([url]);
    const blocks: ChainBlock[] = [];
    for await (const block of reader.range({ from: 17686110, to: 17686132, signal: never }))
      blocks.push(block);
    assert.deepEqual(
      blocks.map(({ block, receipts }) => ({ block, receipts })),
      run,
    );
    const bytes = blocks.reduce((sum, block) => sum + block.bytes, 0);
    const raw = run.reduce(
      (sum, of) => sum + JSON.stringify(of.block).length + JSON.stringify(of.receipts).length,
      0,
    );
    assert.ok(bytes > raw && bytes < raw * 1.01, `${bytes} bytes for ${raw} of blocks and receipts`);
    await reader.close();
  }
});

test('one block by hash, the tags, and what the node does not have', async () => {
  await using node = await startReplay({ files: runFiles, finalityDistance: 3 });
  const reader = await connectTo([node.url]);
  const hash = run[5]?.block.hash ?? '';
  assert.equal((await reader.block(hash, never))?.number, 17686115);
  assert.equal((await reader.header('earliest', never))?.number, 17686110);
  assert.equal((await reader.header('finalized', never))?.number, 17686129);
  assert.deepEqual(await reader.header('latest', never), checkHeader(run[22]?.block, { endpoint: 'file' }));
  assert.equal(await reader.header(17686133, never), undefined);
  assert.equal(await reader.header(5, never), undefined);
  assert.equal(await reader.block(`0x${'0'.repeat(64)}`, never), undefined);
  await reader.close();
});

test('blocks of every fork pass the checks: root receipts, access lists, blobs, set code, empty', async () => {
  const shapes = await readBlocks(shapeFiles);
  let checked = 0;
  for (const { block, receipts } of shapes) {
    if (!receipts && block.transactions.length > 0) continue;
    const { number } = checkBlock(block, receipts ?? [], { endpoint: 'file', asked: Number(block.number) });
    assert.equal(number, Number(block.number));
    checked += 1;
  }
  assert.ok(checked >= 10, `${checked} blocks`);
});

test('a head that the node announces wakes up', async () => {
  await using node = await startReplay({ files: runFiles, head: { start: 17686120 } });
  const reader = await connectTo([node.wsUrl]);
  const woken = Promise.withResolvers<void>();
  // The first call says that the connection stands; whatever was announced before it is seen by looking.
  const listening = Promise.withResolvers<void>();
  let calls = 0;
  reader.onHead(() => {
    calls += 1;
    if (calls === 1) listening.resolve();
    else woken.resolve();
  });
  await listening.promise;
  // Answers come in order on one connection: after this one the subscription stands.
  assert.equal((await reader.header('latest', never))?.number, 17686120);
  node.advance();
  await woken.promise;
  assert.equal((await reader.header('latest', never))?.number, 17686121);
  await reader.close();
});
