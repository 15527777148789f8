// Which endpoint is asked, with a clock and endpoints of the test's own; the same over real servers is in
// connect-chain.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../clock.ts';
import { type ErrorCode, MillraceError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import { never } from './connect.fixture.ts';
import { createEndpoint, type Endpoint } from './endpoint.ts';
import { createEndpointChoice } from './endpoint-choice.ts';
import { defaultRpcLimits } from './transport.ts';

/** Time passes only in sleeps, and in what an attempt says that it takes. */
function aClock() {
  let now = 0;
  const slept: number[] = [];
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
  return { clock, slept, pass: (ms: number) => (now += ms) };
}

function choiceOf(count: number) {
  const time = aClock();
  const endpoints = Array.from({ length: count }, (_, at) => {
    const endpoint = createEndpoint({ url: `http://node-${at}.test`, limits: defaultRpcLimits });
    endpoint.verified = true;
    return endpoint;
  });
  const retry = { random: () => 0.999, baseMs: 100, capMs: 1000, maxAttempts: 4 };
  const choice = createEndpointChoice({
    endpoints,
    expectedChainId: 1,
    clock: time.clock,
    logger: silentLogger,
    retry,
  });
  return { choice, endpoints, ...time };
}

const fails = (code: ErrorCode, fields = {}) => {
  throw new MillraceError(code, fields);
};
const at = (endpoint: Endpoint) => Number(/\d/.exec(endpoint.name)?.[0]);

test('pauses double, up to the cap, and attempts end', async () => {
  const { choice, slept } = choiceOf(1);
  let attempts = 0;
  const run = choice.run({ signal: never }, async () => {
    attempts += 1;
    return fails('EndpointUnreachable');
  });
  await assert.rejects(run, { code: 'EndpointUnreachable' });
  assert.equal(attempts, 4);
  assert.deepEqual(slept, [100, 200, 400]);
});

test('no attempt begins after the time is over', async () => {
  const { choice, slept } = choiceOf(1);
  let attempts = 0;
  const run = choice.run({ signal: never }, async () => {
    attempts += 1;
    return fails('RpcRefused', { retryAfterMs: 3_600_000 });
  });
  await assert.rejects(run, { code: 'RpcRefused' });
  assert.equal(attempts, 1);
  assert.deepEqual(slept, []);
});

test('what cannot be mended by trying again is not tried again', async () => {
  const { choice } = choiceOf(2);
  let attempts = 0;
  await assert.rejects(
    choice.run({ signal: never }, async () => {
      attempts += 1;
      return fails('ValueOutOfRange');
    }),
    { code: 'ValueOutOfRange' },
  );
  assert.equal(attempts, 1);
});

test('what one endpoint lacks each other one is asked for once, and nobody rests for it', async () => {
  for (const code of ['BlockMissing', 'RpcUnsupported'] as const) {
    const { choice, endpoints, slept } = choiceOf(3);
    const asked: number[] = [];
    await assert.rejects(
      choice.run({ signal: never }, async (endpoint) => {
        asked.push(at(endpoint));
        return fails(code);
      }),
      { code },
    );
    assert.deepEqual(asked, [0, 1, 2]);
    assert.deepEqual(slept, []);
    assert.ok(endpoints.every(({ failures }) => failures === 0));
  }
});

test('an endpoint that runs into timeouts is left alone ten times as long', async () => {
  const { choice, pass } = choiceOf(2);
  const asked: number[] = [];
  const call = () =>
    choice.run({ signal: never }, async (endpoint) => {
      asked.push(at(endpoint));
      if (at(endpoint) === 1) return;
      pass(5_000);
      fails('EndpointUnreachable');
    });
  await call();
  pass(49_000);
  await call();
  assert.deepEqual(asked, [0, 1, 1]);
  pass(2_000);
  await call();
  assert.deepEqual(asked, [0, 1, 1, 0, 1]);
});

test('bulk goes to the least busy endpoint', async () => {
  const { choice } = choiceOf(2);
  const asked: number[] = [];
  const release = Promise.withResolvers<void>();
  const runs = Array.from({ length: 4 }, () =>
    choice.run({ signal: never, spread: true }, async (endpoint) => {
      asked.push(at(endpoint));
      await release.promise;
    }),
  );
  await Promise.resolve();
  release.resolve();
  await Promise.all(runs);
  assert.deepEqual(asked, [0, 1, 0, 1]);
});

test('an abort ends the attempts', async () => {
  const { choice } = choiceOf(1);
  const stop = new AbortController();
  const reason = new Error('enough');
  await assert.rejects(
    choice.run({ signal: stop.signal }, async () => {
      stop.abort(reason);
      return fails('EndpointUnreachable');
    }),
    (error) => error === reason,
  );
});
