import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import type { RawBlock } from '../block.ts';
import { loadChain } from './load-chain.ts';
import { parseServed, runFiles } from './mainnet.fixture.ts';
import { startReplay } from './replay-node.ts';
import { createReplayServer } from './replay-server.ts';
import { callRpc, openSocket, post, type RpcAnswer } from './rpc-client.fixture.ts';
import { sealBlock } from './seal-block.ts';
import { type ServedBlock, serveBlock } from './served-block.ts';

const chain = await loadChain({ files: runFiles });
const { first, last } = chain;
const hex = (value: number) => `0x${value.toString(16)}`;

test('every method answers what the files hold', async () => {
  await using node = await startReplay({ chain, finalityDistance: 5 });
  const result = async (method: string, ...params: unknown[]) => {
    const answer = await callRpc(node.url, method, ...params);
    assert.equal(answer.id, 7);
    assert.equal(answer.error, undefined, `${method} ${JSON.stringify(params)}`);
    return answer.result;
  };
  assert.equal(await result('eth_chainId'), '0x1');
  assert.equal(await result('net_version'), '1');
  assert.equal(await result('eth_syncing'), false);
  assert.equal(await result('eth_blockNumber'), hex(last));
  assert.match(String(await result('web3_clientVersion')), /^millrace-replay/);
  const { block, receipts } = parseServed(chain.block(last - 5));
  const light = { ...block, transactions: block.transactions.map(({ hash }) => hash) };
  for (const at of ['finalized', 'safe', hex(last - 5)]) {
    assert.deepEqual(await result('eth_getBlockByNumber', at, true), block);
    assert.deepEqual(await result('eth_getBlockByNumber', at, false), light);
    assert.deepEqual(await result('eth_getBlockReceipts', at), receipts);
  }
  assert.deepEqual(await result('eth_getBlockByHash', block.hash, true), block);
  assert.deepEqual(await result('eth_getBlockReceipts', block.hash), receipts);
  assert.deepEqual(await result('eth_getBlockReceipts', { blockHash: block.hash }), receipts);
  assert.deepEqual(
    await result('eth_getTransactionByHash', block.transactions[3]?.hash),
    block.transactions[3],
  );
  assert.deepEqual(await result('eth_getTransactionReceipt', block.transactions[3]?.hash), receipts[3]);
  const numberAt = async (tag: string) =>
    Number(((await result('eth_getBlockByNumber', tag, false)) as RawBlock).number);
  assert.equal(await numberAt('latest'), last);
  assert.equal(await numberAt('pending'), last);
  assert.equal(await numberAt('earliest'), first);
  const nowhere = `0x${'12'.repeat(32)}`;
  for (const [method, ...params] of [
    ['eth_getBlockByNumber', hex(last + 1), true],
    ['eth_getBlockByNumber', hex(first - 1), false],
    ['eth_getBlockByHash', nowhere, true],
    ['eth_getBlockReceipts', hex(last + 1)],
    ['eth_getTransactionByHash', nowhere],
    ['eth_getTransactionReceipt', nowhere],
  ] as const)
    assert.equal(await result(method, ...params), null, method);
  assert.equal(node.requests().eth_getBlockByHash, 2);
  assert.ok(node.bytesServed() > 1_000_000);
});

test('wrong requests get the codes of the specification', async () => {
  await using node = await startReplay({ chain, finalityTag: false });
  const code = async (body: string) => ((await (await post(node.url, body)).json()) as RpcAnswer).error?.code;
  const call = (method: string, ...params: unknown[]) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  assert.equal(await code('{'), -32700);
  assert.equal(await code('[]'), -32600);
  assert.equal(await code('5'), -32600);
  assert.equal(await code('{"id":1}'), -32600);
  assert.equal(await code('{"id":1,"method":"eth_chainId","params":{}}'), -32600);
  assert.equal(await code(call('eth_sendTransaction')), -32601);
  assert.equal(await code(call('eth_subscribe', 'newHeads')), -32601);
  assert.equal(await code(call('eth_getBlockByNumber', 'newest', true)), -32602);
  assert.equal(await code(call('eth_getBlockByHash', '0x12', true)), -32602);
  assert.equal(await code(call('eth_getBlockByNumber', 'finalized', true)), -39001);
  assert.equal((await fetch(node.url)).status, 405);
  assert.equal((await post(node.url, '')).status, 400);
});

test('a batch is answered in its order, wrong calls among it too', async () => {
  await using node = await startReplay({ chain });
  const calls = [
    ...Array.from({ length: 20 }, (_, at) => ({
      id: `block ${at}`,
      method: 'eth_getBlockByNumber',
      params: [hex(first + at), true],
    })),
    { id: 99, method: 'nope', params: [] },
    'no call',
    { method: 'eth_chainId' },
  ];
  const answers = (await (await post(node.url, JSON.stringify(calls))).json()) as RpcAnswer[];
  assert.equal(answers.length, 22);
  for (const [at, answer] of answers.slice(0, 20).entries()) {
    assert.equal(answer.id, `block ${at}`);
    assert.deepEqual(answer.result, parseServed(chain.block(first + at)).block);
  }
  assert.equal(answers[20]?.error?.code, -32601);
  assert.equal(answers[21]?.error?.code, -32600);
  assert.equal((await (await post(node.url, '[{"method":"eth_chainId"}]')).text()).length, 0);
});

test('an answer is bounded by bytes: the rest of a huge batch is refused', async () => {
  await using node = await startReplay({ chain, maxAnswerBytes: 1000 });
  const calls = Array.from({ length: 100 }, (_, id) => ({ id, method: 'eth_chainId' }));
  const answers = (await (await post(node.url, JSON.stringify(calls))).json()) as RpcAnswer[];
  const refused = answers.filter(({ error }) => error?.code === -32003);
  assert.deepEqual(
    answers.map(({ id }) => id),
    calls.map(({ id }) => id),
  );
  assert.deepEqual(answers.slice(-refused.length), refused);
  const served = calls.length - refused.length;
  assert.ok(served > 5 && served < 50, `${served} served`);
  assert.equal(node.requests().eth_chainId, served);
});

test('a WebSocket answers, announces new heads, and stops when asked', { timeout: 10_000 }, async () => {
  await using node = await startReplay({ chain, head: { start: first } });
  using socket = await openSocket(node.wsUrl);
  socket.send([
    { id: 1, method: 'eth_chainId' },
    { id: 2, method: 'eth_subscribe', params: ['newHeads'] },
  ]);
  const [chainId, subscribed] = (await socket.next()) as unknown as RpcAnswer[];
  assert.equal(chainId?.result, '0x1');
  node.advance(3);
  for (const number of [first + 1, first + 2, first + 3]) {
    const { method, params } = await socket.next();
    assert.equal(method, 'eth_subscription');
    const { subscription, result } = params as { subscription: unknown; result: RawBlock };
    assert.equal(subscription, subscribed?.result);
    assert.deepEqual([Number(result.number), result.hash], [number, chain.block(number).hash]);
    assert.equal(result.transactions, undefined);
  }
  socket.send({ id: 3, method: 'eth_unsubscribe', params: [subscribed?.result] });
  assert.equal((await socket.next()).result, true);
  node.advance();
  socket.send({ id: 4, method: 'eth_blockNumber' });
  assert.equal((await socket.next()).result, hex(first + 4));
  socket.send({ id: 5, method: 'eth_subscribe', params: ['logs'] });
  assert.equal(((await socket.next()).error as { code: number }).code, -32602);
});

test('closing ends every connection, and the port is free again', { timeout: 10_000 }, async () => {
  const node = await startReplay({
    chain,
    head: { start: first, everyMs: 60_000 },
    intercept: () => ({ hang: true }),
  });
  using socket = await openSocket(node.wsUrl);
  const hanging = callRpc(node.url, 'eth_chainId');
  hanging.catch(() => undefined);
  while (node.requests().eth_chainId !== 1) await new Promise((resolve) => setImmediate(resolve));
  await node.close();
  await socket.closed;
  await assert.rejects(hanging);
  await node.ended;
  await using next = await startReplay({ chain, port: node.port });
  await assert.rejects(startReplay({ chain, port: next.port }), (error) =>
    isMillraceError(error, 'PortInUse'),
  );
});

test('answers go wrong as a test asks for', { timeout: 10_000 }, async () => {
  await using node = await startReplay({
    chain,
    intercept: (method) => {
      if (method === 'eth_blockNumber') return { error: { code: -32000, message: 'busy' } };
      if (method === 'net_version') return { result: { not: 'a string' } };
      if (method === 'eth_syncing') return { raw: 'no JSON' };
      if (method === 'web3_clientVersion')
        return { status: 429, headers: { 'retry-after': '1' }, body: 'slow down' };
      if (method === 'eth_getBlockByNumber') return { cut: true };
      return undefined;
    },
  });
  assert.equal((await callRpc(node.url, 'eth_blockNumber')).error?.message, 'busy');
  assert.deepEqual((await callRpc(node.url, 'net_version')).result, { not: 'a string' });
  const call = (method: string) => post(node.url, `[{"id":1,"method":"${method}","params":["latest",true]}]`);
  assert.equal(await (await call('eth_syncing')).text(), 'no JSON');
  const limited = await call('web3_clientVersion');
  assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '1']);
  await assert.rejects((await call('eth_getBlockByNumber')).text());
  assert.equal((await callRpc(node.url, 'eth_chainId')).result, '0x1');
  using socket = await openSocket(node.wsUrl);
  socket.send({ id: 1, method: 'eth_getBlockByNumber', params: ['latest', true] });
  await socket.closed;
});

test('any tree of blocks can be served through a view', async () => {
  const { block, receipts } = parseServed(chain.block(first));
  const child = (parent: ServedBlock, extraData: string): ServedBlock => {
    const sealed = sealBlock({
      source: block,
      number: parent.number + 1,
      parentHash: parent.hash,
      timestamp: parent.timestamp + 1,
      extraData,
      transactions: [],
    });
    return serveBlock(sealed.block, sealed.receipts);
  };
  const root = serveBlock(block, receipts);
  const left = child(root, '0x01');
  const right = child(root, '0x02');
  let shown = left;
  const server = await createReplayServer({
    chainId: 5,
    head: () => shown.number,
    finalized: () => root.number,
    byNumber: (number) => [root, shown].find((each) => each.number === number),
    byHash: (hash) => [root, left, right].find((each) => each.hash === hash),
  });
  try {
    const latest = async () =>
      ((await callRpc(server.url, 'eth_getBlockByNumber', 'latest', false)).result as RawBlock).hash;
    assert.equal((await callRpc(server.url, 'eth_chainId')).result, '0x5');
    assert.equal(await latest(), left.hash);
    shown = right;
    assert.equal(await latest(), right.hash);
    const lost = (await callRpc(server.url, 'eth_getBlockByHash', left.hash, true)).result as RawBlock;
    assert.equal(lost.parentHash, root.hash);
  } finally {
    await server.close();
  }
});
