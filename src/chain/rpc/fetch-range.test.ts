// Ranges over a real HTTP node: order, links, byte bounds, and what a node may refuse on the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainBlock } from '../block.ts';
import { aBlock, aBranch, rawBlock } from '../block-tree.fixture.ts';
import type { ChainReader, RangeOptions } from '../reader.ts';
import { connectTo, never } from './connect.fixture.ts';
import {
  type Answering,
  answeringNode,
  answerText,
  httpNode,
  ok,
  type Request,
  refused,
} from './scripted-node.fixture.ts';

const root = aBlock({ number: 100 });
const chain = [root, ...aBranch(root, 299)];
/** A byte of padding in a field that nobody knows: blocks of any size. */
const serve =
  (blocks: readonly ChainBlock[], padding = 0): Answering =>
  ({ method, params }) => {
    const block = blocks[Number(params[0]) - 100];
    if (method === 'eth_getBlockReceipts') return ok(block?.receipts ?? null);
    return ok(block ? { ...block.block, padding: 'x'.repeat(padding) } : null);
  };

async function numbers(reader: ChainReader, options: Omit<RangeOptions, 'signal'>): Promise<number[]> {
  const all: number[] = [];
  for await (const block of reader.range({ ...options, signal: never })) all.push(block.number);
  return all;
}

const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test('every block once, in order, in few requests', async () => {
  await using node = await answeringNode(serve(chain));
  const reader = await connectTo([node.url]);
  assert.deepEqual(await numbers(reader, { from: 100, to: 399 }), span(100, 399));
  assert.ok(node.received.length < 30, `${node.received.length} requests`);
  for (const body of node.received) assert.ok([body].flat().length <= 100, 'at most 100 calls a batch');
  assert.deepEqual(await numbers(reader, { from: 150, to: 150 }), [150]);
  assert.equal(reader.bufferedBytes(), 0);
  await reader.close();
});

test('no more is fetched ahead than the bound, and leaving early gives it all back', async () => {
  await using node = await answeringNode(serve(chain, 20_000));
  const reader = await connectTo([node.url]);
  // What a block weighs is learned first: the bound is kept as well as the last answers foretell the next.
  await numbers(reader, { from: 100, to: 110 });
  const maxBufferedBytes = 70_000;
  let most = 0;
  for await (const block of reader.range({ from: 100, to: 399, signal: never, maxBufferedBytes })) {
    await new Promise((resolve) => setTimeout(resolve, 3));
    most = Math.max(most, reader.bufferedBytes());
    if (block.number === 180) break;
  }
  assert.ok(most > maxBufferedBytes / 4, `${most} bytes: it does fetch ahead`);
  assert.ok(most <= maxBufferedBytes, `${most} bytes`);
  assert.equal(reader.bufferedBytes(), 0);
  await reader.close();
});

test('a node that refuses large batches is asked for less at a time', async () => {
  await using node = await httpNode((body, response) => {
    const calls = [body].flat() as Request[];
    const answering: Answering = (request) =>
      request.method === 'eth_chainId' ? ok('0x1') : serve(chain)(request);
    response.end(
      calls.length > 6
        ? JSON.stringify({ jsonrpc: '2.0', id: null, ...refused(-32600, 'batch too large') })
        : answerText(body, answering),
    );
  });
  const reader = await connectTo([node.url]);
  assert.deepEqual(await numbers(reader, { from: 100, to: 160 }), span(100, 160));
  await reader.close();
});

test('blocks that do not follow each other are refused', async () => {
  const other = [...chain.slice(0, 10), ...aBranch(chain[9] ?? root, 20, 'other')];
  const mixed = chain.map((block, at) => (at < 15 ? block : (other[at] ?? block)));
  await using node = await answeringNode(serve(mixed));
  const reader = await connectTo([node.url]);
  const taken: number[] = [];
  await assert.rejects(
    async () => {
      for await (const block of reader.range({ from: 100, to: 129, signal: never })) taken.push(block.number);
    },
    { code: 'BlockInconsistent', message: /block 115 .* its parent is/ },
  );
  assert.deepEqual(taken, span(100, 99 + taken.length));
  assert.ok(taken.length <= 15);
  await reader.close();
});

test('the node has fewer blocks than asked for', async () => {
  await using node = await answeringNode(serve(chain.slice(0, 50)));
  const reader = await connectTo([node.url]);
  await assert.rejects(numbers(reader, { from: 100, to: 399 }), { code: 'BlockMissing' });
  assert.equal(reader.bufferedBytes(), 0);
  await reader.close();
});

test('an abort ends a range, also while it waits for a node', async () => {
  await using node = await httpNode((body, response) => {
    if (!Array.isArray(body)) response.end(answerText(body, () => ok('0x1')));
  });
  const reader = await connectTo([node.url]);
  const stop = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => stop.abort(reason), 30);
  await assert.rejects(
    async () => {
      for await (const block of reader.range({ from: 100, to: 399, signal: stop.signal })) {
        assert.fail(`block ${block.number}`);
      }
    },
    (error) => error === reason,
  );
  await reader.close();
});

test('several endpoints share a range', async () => {
  await using first = await answeringNode(serve(chain, 20_000));
  await using second = await answeringNode(serve(chain, 20_000));
  const reader = await connectTo([first.url, second.url]);
  assert.deepEqual(await numbers(reader, { from: 100, to: 399 }), span(100, 399));
  assert.ok(first.received.length > 2 && second.received.length > 2);
  await reader.close();
});

test('an answer is looked into when its turn comes, and what is no good then is asked for again', async () => {
  let spoilt = 0;
  await using node = await httpNode((body, response) => {
    const calls = [body].flat() as Request[];
    const has = (number: number) => calls.some(({ params }) => Number(params[0]) === number);
    const text = answerText(body, (request) =>
      request.method === 'eth_chainId' ? ok('0x1') : serve(chain, 100_000)(request),
    );
    // Large enough not to be looked into at once.
    if (has(118) && spoilt++ === 0) response.end(text.slice(0, -1));
    else response.end(text);
  });
  const reader = await connectTo([node.url]);
  const taken: number[] = [];
  for await (const { number } of reader.range({ from: 100, to: 140, signal: never })) {
    taken.push(number);
    if (number !== 105) continue;
    // All that may be fetched ahead has come by now, the spoilt answer too.
    for (let before = -1; before !== node.received.length; ) {
      before = node.received.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(spoilt, 1, 'it was asked for once, and nobody has noticed');
  }
  assert.deepEqual(taken, span(100, 140));
  assert.ok(spoilt > 1);
  assert.equal(reader.bufferedBytes(), 0);
  await reader.close();
});

test('an unknown field stays in the block', async () => {
  await using node = await answeringNode(serve([root], 5));
  const reader = await connectTo([node.url]);
  const block = await reader.block(100, never);
  assert.equal(block?.block.padding, 'xxxxx');
  assert.deepEqual(block?.block.transactions, rawBlock({ number: 100 }).block.transactions);
  await reader.close();
});
