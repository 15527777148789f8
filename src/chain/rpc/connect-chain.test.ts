// Starting with one or several endpoints, and going on when one of them fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import { rawBlock } from '../block-tree.fixture.ts';
import { connectTo, never } from './connect.fixture.ts';
import { answeringNode, answerText, httpNode, ok } from './scripted-node.fixture.ts';

const unreachable = 'http://127.0.0.1:1';
const headAt = (number: number) => answeringNode(() => ok(rawBlock({ number }).block));

test('a node of another chain is refused before anything is read', async () => {
  await using right = await headAt(1);
  await using wrong = await httpNode(
    (body, response) => void response.end(answerText(body, () => ok('0x5'))),
  );
  await assert.rejects(connectTo([right.url, wrong.url]), {
    code: 'WrongChain',
    message: `${wrong.url} serves chain 5, the manifest says 1`,
  });
  assert.equal(wrong.received.length, 1);
});

test('no endpoint in reach is one line', async () => {
  await assert.rejects(connectTo([unreachable]), (error) => {
    assert.ok(isMillraceError(error, 'EndpointUnreachable'));
    assert.match(error.message, /^cannot reach http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/);
    assert.equal(error.exitCode, 3);
    return true;
  });
});

test('something that is no node is named', async () => {
  await using page = await httpNode((_, response) => void response.end('<html>'));
  await assert.rejects(connectTo([page.url]), { code: 'RpcMalformed' });
});

test('an address that cannot be dialled is refused without quoting it', async () => {
  for (const url of ['ftp://user:secret@host/x', 'secret nonsense']) {
    await assert.rejects(connectTo([url]), (error) => {
      assert.ok(isMillraceError(error, 'UsageInvalid'));
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});

test('keys in a URL are not printed, and user and password are sent', async () => {
  let authorization: string | undefined;
  await using server = await httpNode((body, response, request) => {
    authorization = request.headers.authorization;
    assert.equal(request.url, '/v3/s3cret?key=s3cret');
    response.end(answerText(body, () => ok('s3 is no chain id')));
  });
  const url = `${server.url.replace('http://', 'http://me:s3cret@')}/v3/s3cret?key=s3cret`;
  await assert.rejects(connectTo([url]), (error) => {
    assert.ok(isMillraceError(error, 'RpcMalformed'));
    assert.ok(error.message.startsWith(`${server.url}/… answered eth_chainId`), error.message);
    return true;
  });
  assert.equal(authorization, `Basic ${Buffer.from('me:s3cret').toString('base64')}`);
});

test('one endpoint of two in reach is enough', async () => {
  await using server = await headAt(3);
  const reader = await connectTo([unreachable, server.url]);
  assert.equal((await reader.header('latest', never))?.number, 3);
  await reader.close();
});

test('an endpoint that was away at the start is checked before it is used', async () => {
  let away = true;
  let chain = '0x5';
  await using late = await httpNode((body, response) => {
    if (away) response.writeHead(503).end();
    else response.end(answerText(body, ({ method }) => ok(method === 'eth_chainId' ? chain : null)));
  });
  let broken = false;
  await using first = await httpNode((body, response) => {
    if (broken) response.writeHead(500).end();
    else
      response.end(
        answerText(body, ({ method }) =>
          ok(method === 'eth_chainId' ? '0x1' : rawBlock({ number: 3 }).block),
        ),
      );
  });
  const reader = await connectTo([first.url, late.url], { retry: { baseMs: 5, capMs: 20, maxAttempts: 4 } });
  away = false;
  broken = true;
  await assert.rejects(reader.header('latest', never));
  const methods = late.received.flat().map((request) => (request as { method: string }).method);
  assert.ok(
    methods.length > 0 && methods.every((method) => method === 'eth_chainId'),
    'nothing else was asked',
  );
  chain = '0x1';
  broken = false;
  assert.equal((await reader.header('latest', never))?.number, 3);
  await reader.close();
});

test('calls go to the first endpoint until it fails, then to the next', async () => {
  let failing = false;
  await using first = await httpNode((body, response) => {
    if (failing) response.writeHead(500).end();
    else
      response.end(
        answerText(body, ({ method }) =>
          ok(method === 'eth_chainId' ? '0x1' : rawBlock({ number: 10 }).block),
        ),
      );
  });
  await using second = await headAt(20);
  const reader = await connectTo([first.url, second.url]);
  assert.equal((await reader.header('latest', never))?.number, 10);
  failing = true;
  assert.equal((await reader.header('latest', never))?.number, 20);
  failing = false;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal((await reader.header('latest', never))?.number, 10);
  await reader.close();
});
