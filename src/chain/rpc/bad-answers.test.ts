// Everything that can be wrong with a node over HTTP: each has its code, says what and where, and is tried again or
// not as the catalogue says.

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { type ErrorCode, isMillraceError, type MillraceError } from '../../errors.ts';
import { rawBlock } from '../block-tree.fixture.ts';
import { connectTo, never } from './connect.fixture.ts';
import {
  type Answering,
  answeringNode,
  answerText,
  httpNode,
  ok,
  type Request,
  refused,
  type ScriptedNode,
} from './scripted-node.fixture.ts';

const good = rawBlock({ number: 7, transactions: ['a', 'b'] });
const answerGood: Answering = ({ method }) =>
  method === 'eth_getBlockReceipts' ? ok(good.receipts) : ok(good.block);

/** Rightly for the chain id, then as `respond` says for every other body; rightly again after `times`. */
function node(respond: (body: unknown, response: ServerResponse) => void, times = Number.POSITIVE_INFINITY) {
  let left = times;
  return httpNode((body, response) => {
    const isChainId = !Array.isArray(body) && (body as Request).method === 'eth_chainId';
    if (isChainId) return void response.end(answerText(body, () => ok('0x1')));
    if (left <= 0) return void response.end(answerText(body, answerGood));
    left -= 1;
    respond(body, response);
  });
}

async function failureOf(
  made: Promise<ScriptedNode>,
  options: Parameters<typeof connectTo>[1] = {},
): Promise<{ error: MillraceError; asked: number }> {
  await using server = await made;
  const reader = await connectTo([server.url], options);
  try {
    const result = await reader.block(7, never).catch((error: unknown) => error);
    assert.ok(isMillraceError(result), `expected a failure, not ${JSON.stringify(result)}`);
    assert.ok(result.message.includes(server.url), `${result.message} names the endpoint`);
    return { error: result, asked: server.received.length - 1 };
  } finally {
    await reader.close();
  }
}

const cases: readonly {
  readonly name: string;
  readonly respond: (body: unknown, response: ServerResponse) => void;
  readonly code: ErrorCode;
  readonly says: RegExp;
  readonly limits?: object;
  /** Attempts allowed; 1 for what takes its time. Default 2. */
  readonly attempts?: number;
  /** Requests until it is given up. Default all attempts. */
  readonly asked?: number;
}[] = [
  {
    name: 'a body that is cut',
    respond: (body, response) => {
      const text = answerText(body, answerGood);
      response.setHeader('content-length', text.length);
      response.write(text.slice(0, 300), () => setTimeout(() => response.destroy(), 20));
    },
    code: 'RpcMalformed',
    says: /cut after \d+ bytes/,
  },
  {
    name: 'JSON that ends too early',
    respond: (body, response) => void response.end(answerText(body, answerGood).slice(0, 300)),
    code: 'RpcMalformed',
    says: /the JSON is cut after 300 characters/,
  },
  {
    name: 'a body that stops coming',
    respond: (body, response) => void response.write(answerText(body, answerGood).slice(0, 300)),
    code: 'RpcMalformed',
    says: /cut after 300 bytes/,
    limits: { bodyTimeoutMs: 60 },
    attempts: 1,
  },
  {
    name: 'silence',
    respond: () => {},
    code: 'EndpointUnreachable',
    says: /timeout/i,
    limits: { answerTimeoutMs: 60 },
    attempts: 1,
  },
  {
    name: 'a web page',
    respond: (_, response) => void response.end('<html><body>It works!</body></html>'),
    code: 'RpcMalformed',
    says: /not JSON, it begins with "<html>/,
  },
  {
    name: 'an answer that is too large',
    respond: (body, response) => void response.end(answerText(body, () => ok('0x'.padEnd(100_000, '0')))),
    code: 'RpcMalformed',
    says: /more than 50000 bytes/,
    limits: { maxAnswerBytes: 50_000 },
  },
  {
    name: 'ids of other calls',
    respond: (body, response) =>
      void response.end(JSON.stringify((body as Request[]).map(({ id }) => ({ id: id + 100, ...ok(null) })))),
    code: 'RpcMalformed',
    says: /no answer with id \d+/,
  },
  {
    name: 'an id twice',
    respond: (body, response) =>
      void response.end(JSON.stringify((body as Request[]).map(() => ({ id: 2, ...ok(null) })))),
    code: 'RpcMalformed',
    says: /two answers with id 2/,
  },
  {
    name: 'an answer missing from the batch',
    respond: (body, response) => void response.end(answerText((body as Request[]).slice(1), answerGood)),
    code: 'RpcMalformed',
    says: /1 answers to 2 calls/,
  },
  {
    name: 'neither result nor error',
    respond: (body, response) => void response.end(answerText(body, () => ({}))),
    code: 'RpcMalformed',
    says: /neither a result nor an error/,
  },
  {
    name: 'a number where a block should be',
    respond: (body, response) => void response.end(answerText(body, () => ok(7))),
    code: 'BlockInconsistent',
    says: /the block is 7, not an object/,
  },
  {
    name: 'a field of the wrong type',
    respond: (body, response) =>
      void response.end(
        answerText(body, (request) =>
          request.method === 'eth_getBlockReceipts'
            ? ok(good.receipts)
            : ok({ ...good.block, gasUsed: 42_000 }),
        ),
      ),
    code: 'BlockInconsistent',
    says: /gasUsed is 42000, not a hex quantity/,
  },
  {
    name: 'another block than the one asked for',
    respond: (body, response) =>
      void response.end(
        answerText(body, ({ method }) =>
          method.endsWith('Receipts') ? ok([]) : ok(rawBlock({ number: 8 }).block),
        ),
      ),
    code: 'BlockInconsistent',
    says: /block 7 .*the answer is block 8/,
  },
  {
    name: 'a block whose receipts are null',
    respond: (body, response) =>
      void response.end(
        answerText(body, ({ method }) => (method.endsWith('Receipts') ? ok(null) : ok(good.block))),
      ),
    code: 'BlockInconsistent',
    says: /its receipts are null/,
  },
  {
    name: 'an error object',
    respond: (body, response) =>
      void response.end(answerText(body, () => refused(-32000, 'header not indexed\nyet'))),
    code: 'RpcRefused',
    says: /refused eth_getBlockByNumber.*: header not indexed yet \(code -32000\)/,
  },
  {
    name: 'one error for the whole batch',
    respond: (_, response) =>
      void response.end(JSON.stringify({ id: null, ...refused(-32600, 'batch too large') })),
    code: 'RpcRefused',
    says: /batch too large/,
  },
  {
    name: 'a method that the node does not have',
    respond: (body, response) =>
      void response.end(
        answerText(body, () => refused(-32601, 'the method does not exist/is not available')),
      ),
    code: 'RpcUnsupported',
    says: /does not offer eth_getBlockByNumber/,
    asked: 1,
  },
  {
    name: 'HTTP 503',
    respond: (_, response) => void response.writeHead(503).end('upstream is away'),
    code: 'EndpointUnreachable',
    says: /HTTP 503/,
  },
  {
    name: 'HTTP 401',
    respond: (_, response) => void response.writeHead(401).end('no key'),
    code: 'RpcRefused',
    says: /HTTP 401/,
  },
];

for (const { name, respond, code, says, limits = {}, attempts = 2, asked = attempts } of cases) {
  test(`${name} is ${code}`, async () => {
    const failure = await failureOf(node(respond), {
      limits: limits ?? {},
      retry: { baseMs: 2, maxAttempts: asked },
    });
    assert.equal(failure.error.code, code, failure.error.message);
    assert.match(failure.error.message, says);
    assert.equal(failure.asked, asked);
  });
}

test('a failure that passes is not seen by who asks', async () => {
  await using server = await node((_, response) => void response.writeHead(502).end(), 1);
  const reader = await connectTo([server.url]);
  const block = await reader.block(7, never);
  assert.equal(block?.hash, good.block.hash);
  assert.equal(server.received.length, 3);
  await reader.close();
});

test('HTTP 429 is tried again no sooner than the node says', async () => {
  const times: number[] = [];
  await using server = await node((_, response) => {
    times.push(Date.now());
    response.writeHead(429, { 'retry-after': '1' }).end('slow down');
  }, 1);
  const reader = await connectTo([server.url]);
  assert.equal((await reader.block(7, never))?.number, 7);
  assert.ok(Date.now() - (times[0] ?? 0) >= 990, 'waited a second');
  await reader.close();
});

test('a null block is a block that the node does not have', async () => {
  await using server = await answeringNode(() => ok(null));
  const reader = await connectTo([server.url]);
  assert.equal(await reader.block(7, never), undefined);
  assert.equal(await reader.header(7, never), undefined);
  await assert.rejects(
    async () => {
      for await (const block of reader.range({ from: 7, to: 9, signal: never }))
        assert.fail(String(block.number));
    },
    { code: 'BlockMissing' },
  );
  await reader.close();
});

test('answers in any order find their calls', async () => {
  await using server = await node((body, response) => {
    const answers = JSON.parse(answerText(body, answerGood)) as unknown[];
    response.end(JSON.stringify(answers.reverse()));
  });
  const reader = await connectTo([server.url]);
  assert.equal((await reader.block(7, never))?.receipts.length, 2);
  await reader.close();
});

test('a node without eth_getBlockReceipts is asked for each receipt, and not for all again', async () => {
  await using server = await answeringNode(({ method, params }) => {
    if (method === 'eth_getBlockReceipts') return refused(-32601, 'method not found');
    if (method === 'eth_getTransactionReceipt') {
      return ok(good.receipts.find((receipt) => receipt.transactionHash === params[0]) ?? null);
    }
    return ok(good.block);
  });
  const reader = await connectTo([server.url]);
  for (let round = 0; round < 2; round += 1) {
    const block = await reader.block(7, never);
    assert.deepEqual(block?.receipts, good.receipts);
    assert.ok((block?.bytes ?? 0) > JSON.stringify(good.receipts).length);
  }
  const methods = server.received.flat().map((request) => (request as Request).method);
  assert.equal(methods.filter((method) => method === 'eth_getBlockReceipts').length, 1);
  assert.equal(methods.filter((method) => method === 'eth_getTransactionReceipt').length, 4);
  await reader.close();
});

test('what a node says when it has no finalized block', async () => {
  for (const answer of [
    ok(null),
    refused(-39001, 'finalized block not found'),
    refused(-32602, 'invalid argument 0: hex string without 0x prefix'),
  ]) {
    await using server = await answeringNode(() => answer);
    const reader = await connectTo([server.url]);
    assert.equal(await reader.header('finalized', never), undefined);
    await reader.close();
  }
});

test('an abort ends a call that hangs, and a pause between two attempts', async () => {
  for (const respond of [
    () => {},
    (_: unknown, response: ServerResponse) => void response.writeHead(429, { 'retry-after': '30' }).end(),
  ]) {
    await using server = await node(respond);
    const reader = await connectTo([server.url], { limits: { answerTimeoutMs: 60_000 } });
    const stop = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => stop.abort(reason), 50);
    await assert.rejects(reader.header('latest', stop.signal), (error) => error === reason);
    await reader.close();
  }
});
