import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { type ApiError, type ApiErrorKind, isApiError } from './api-error.ts';
import type { ClusterConnection } from './connect-cluster.ts';
import { createKubeMetrics } from './kube-metrics.ts';
import {
  answer,
  configMaps,
  startTinyApi,
  status,
  type TinyApi,
  writeKubeconfig,
} from './tiny-api.fixture.ts';
import { connectTiny, eventually, type TinyClientOptions } from './tiny-client.fixture.ts';

let api: TinyApi;
let open: ClusterConnection[];
beforeEach(async () => {
  api = await startTinyApi();
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  await api.close();
});

const key = { namespace: 'test', name: 'one' };
const one = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data: { a: 'b' } };

function connect(options: TinyClientOptions = {}): ClusterConnection {
  const connection = connectTiny(api, options);
  open.push(connection);
  return connection;
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(() => undefined).catch((reason: unknown) => reason);
  assert.ok(isApiError(error), `an ApiError, not ${String(error)}`);
  return error;
}

describe('what the server answers', () => {
  const kinds: readonly (readonly [number, string, ApiErrorKind])[] = [
    [400, 'BadRequest', 'invalid'],
    [401, 'Unauthorized', 'unauthorized'],
    [403, 'Forbidden', 'forbidden'],
    [404, 'NotFound', 'notFound'],
    [409, 'AlreadyExists', 'exists'],
    [409, 'Conflict', 'conflict'],
    [410, 'Expired', 'expired'],
    [413, 'RequestEntityTooLarge', 'invalid'],
    [422, 'Invalid', 'invalid'],
    [429, 'TooManyRequests', 'busy'],
    [500, 'InternalError', 'busy'],
    [502, 'BadGateway', 'unreachable'],
    [503, 'ServiceUnavailable', 'busy'],
    [504, 'Timeout', 'unreachable'],
  ];
  for (const [code, reason, kind] of kinds) {
    it(`is ${kind} for ${code} ${reason}, in the server's words`, async () => {
      api.misbehave = (_, response) => answer(response, code, status(code, reason, `it said ${reason}`));
      const error = await failure(connect().client.create(configMaps, one));
      assert.deepEqual([error.kind, error.status, error.reason], [kind, code, reason]);
      assert.equal(error.message, `POST /api/v1/namespaces/test/configmaps: it said ${reason}`);
    });
  }

  it('is told in one line when it comes from something before the server', async () => {
    api.misbehave = (_, response) => {
      response.writeHead(502, { 'content-type': 'text/html' });
      response.end('<html>\n  <h1>Bad gateway</h1>\n</html>');
      return true;
    };
    const error = await failure(connect().client.list(configMaps));
    assert.equal(error.message, 'GET /api/v1/configmaps: <html> <h1>Bad gateway</h1> </html>');
  });

  it('is undefined and false for what is not there', async () => {
    const { client } = connect();
    assert.equal(await client.get(configMaps, key), undefined);
    assert.equal(await client.delete(configMaps, key), false);
  });
});

describe('a write of which nobody knows', () => {
  it('is unreachable after the deed, and sent once', async () => {
    api.misbehave = (request) => {
      if (request.method !== 'PATCH') return false;
      api.put('one', { a: 'b' });
      return true;
    };
    const { client } = connect({ limits: { callMs: 200 } });
    const error = await failure(client.apply(configMaps, one));
    assert.equal(error.kind, 'unreachable');
    assert.equal(api.requests.length, 1);
    assert.deepEqual((await client.get(configMaps, key))?.data, { a: 'b' });
  });

  it('is unreachable when the connection is cut', async () => {
    api.misbehave = (_, response) => {
      response.destroy();
      return true;
    };
    const error = await failure(connect().client.apply(configMaps, one));
    assert.equal(error.kind, 'unreachable');
    assert.equal(api.requests.length, 1);
  });

  it('is not sent again after 503, whatever the server asks; a read is', async () => {
    let refused = 0;
    api.misbehave = (_, response) => {
      refused += 1;
      if (refused > 1) return false;
      return answer(response, 503, status(503, 'ServiceUnavailable'), { 'retry-after': '0' });
    };
    const { client } = connect();
    const error = await failure(client.apply(configMaps, one));
    assert.deepEqual([error.kind, error.retryAfterMs, api.requests.length], ['busy', 0, 1]);
    refused = 0;
    await client.list(configMaps);
    assert.equal(api.requests.length, 3);
  });
});

describe('Retry-After', () => {
  it('holds back every request to the host, and the refused one is sent again', async () => {
    let refused = false;
    api.misbehave = (_, response) => {
      if (refused) return false;
      refused = true;
      return answer(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '1' });
    };
    const { client } = connect();
    const write = client.apply(configMaps, one);
    await eventually(() => refused);
    await systemClock.sleep(20);
    await Promise.all([write, client.list(configMaps), client.get(configMaps, key)]);
    const [first, ...others] = api.requests;
    assert.equal(others.length, 3);
    for (const { at } of others) assert.ok(at - (first?.at ?? 0) >= 995, `${at - (first?.at ?? 0)} ms`);
  });

  it('fails at once when it is longer than the call may take', async () => {
    api.misbehave = (_, response) =>
      answer(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '60' });
    const { client } = connect();
    const started = performance.now();
    const error = await failure(client.list(configMaps));
    assert.equal(error.kind, 'busy');
    assert.ok((error.retryAfterMs ?? 0) > 59_000);
    assert.ok(performance.now() - started < 1_000);
    assert.equal((await failure(client.list(configMaps))).kind, 'busy');
    assert.equal(api.requests.length, 1, 'the second call was not sent');
  });
});

describe('a fence', () => {
  it('is asked right before a write goes out, not when it was asked for', async () => {
    let may = true;
    const { fenced, client } = connect({ limits: { writesPerSecond: 10, writeBurst: 1 } });
    const leader = fenced(() => {
      if (!may) throw new Error('the term is over');
    });
    await leader.apply(configMaps, one);
    const late = failure(leader.apply(configMaps, one));
    may = false;
    const error = await late;
    assert.equal(error.kind, 'fenced');
    assert.equal(error.message, 'not written: the term is over');
    assert.equal(api.requests.length, 1);
    assert.equal((await leader.list(configMaps)).items.length, 1, 'reads go on');
    await client.apply(configMaps, one);
  });

  it('lets a dry run pass', async () => {
    const leader = connect().fenced(() => {
      throw new Error('no');
    });
    await leader.apply(configMaps, one, { dryRun: true });
    assert.equal(api.requests[0]?.query.get('dryRun'), 'All');
  });
});

describe('writes', () => {
  it('are not faster than the bucket lets them', async () => {
    const { client } = connect({ limits: { writesPerSecond: 50, writeBurst: 5 } });
    const started = performance.now();
    await Promise.all(Array.from({ length: 15 }, () => client.apply(configMaps, one)));
    const took = performance.now() - started;
    assert.ok(took >= 190, `10 beyond the burst at 50/s in ${took} ms`);
  });

  it('end with their signal, and say what it says', async () => {
    api.misbehave = () => true;
    const end = new AbortController();
    const call = connect().client.apply(configMaps, one, { signal: end.signal });
    await eventually(() => api.requests.length === 1);
    end.abort(new Error('enough'));
    await assert.rejects(call, /enough/);
  });
});

describe('credentials', () => {
  const accepts = (token: string) => {
    api.misbehave = (request, response) =>
      request.headers.authorization === `Bearer ${token}`
        ? false
        : answer(response, 401, status(401, 'Unauthorized'));
  };
  const port = () =>
    Number(new URL(JSON.parse(readFileSync(api.kubeconfig, 'utf8')).clusters[0].cluster.server).port);

  it('are read again when a token file was rotated, without a restart', async () => {
    writeFileSync(join(api.folder, 'token'), 'first\n');
    writeKubeconfig(api.kubeconfig, port(), { tokenFile: 'token' });
    accepts('first');
    const { client } = connect();
    await client.list(configMaps);
    writeFileSync(join(api.folder, 'token'), 'second\n');
    accepts('second');
    await client.apply(configMaps, one);
    assert.deepEqual(
      api.requests.map(({ headers }) => headers.authorization),
      ['Bearer first', 'Bearer first', 'Bearer second'],
    );
  });

  it('come from the pod when there is no kubeconfig', async () => {
    writeFileSync(join(api.folder, 'token'), 'first');
    writeFileSync(join(api.folder, 'ca.crt'), '');
    writeFileSync(join(api.folder, 'namespace'), 'shop');
    const { kubeconfig: _, ...options } = { kubeconfig: undefined, accountFolder: api.folder };
    const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port()) };
    const { findAccess } = await import('./kubeconfig.ts');
    const access = findAccess({ ...options, environment });
    assert.equal(access.namespace, 'shop');
    assert.equal(access.cluster.server, `https://127.0.0.1:${port()}`);
    assert.deepEqual(access.user.authProvider.config, { tokenFile: join(api.folder, 'token') });
  });

  it('come from a plugin, which is asked once for many calls', async () => {
    const plugin = join(api.folder, 'plugin');
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'made' },
    };
    writeFileSync(plugin, `#!/bin/sh\necho . >> ${api.folder}/asked\necho '${JSON.stringify(credential)}'\n`);
    chmodSync(plugin, 0o755);
    writeKubeconfig(api.kubeconfig, port(), { exec: { command: plugin, args: [] } });
    accepts('made');
    const { client } = connect();
    await Promise.all([client.list(configMaps), client.list(configMaps), client.list(configMaps)]);
    assert.equal(readFileSync(join(api.folder, 'asked'), 'utf8'), '.\n');
  });

  it('that are refused twice are an error of one line', async () => {
    accepts('other');
    const error = await failure(connect().client.list(configMaps));
    assert.equal(error.kind, 'unauthorized');
    assert.equal(api.requests.length, 2);
    assert.ok(!error.message.includes('first'));
  });
});

describe('requests', () => {
  it('are counted by host, method and code, those without an answer too', async () => {
    const metrics = createKubeMetrics();
    const { client, server } = connect({ metrics });
    const { host } = new URL(server);
    await client.list(configMaps);
    await client.get(configMaps, key);
    api.misbehave = (_, response) => {
      response.destroy();
      return true;
    };
    await failure(client.apply(configMaps, one));
    const text = await metrics.registry.metrics();
    for (const labels of [
      `code="200",host="${host}",method="GET"`,
      `code="404",host="${host}",method="GET"`,
      `code="<error>",host="${host}",method="PATCH"`,
    ])
      assert.ok(text.includes(`rest_client_requests_total{${labels}} 1`), text);
  });

  it('carry preconditions, page by page and with the manager named', async () => {
    const { client } = connect({ userAgent: 'tiny/2' });
    for (const name of ['a', 'b', 'c']) api.put(name);
    const { items } = await client.list(configMaps, { namespace: 'test', pageSize: 2, labelSelector: 'x=y' });
    assert.deepEqual(
      items.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`),
      ['v1 ConfigMap a', 'v1 ConfigMap b', 'v1 ConfigMap c'],
    );
    await client.delete(configMaps, { ...key, name: 'a' }, { uid: 'uid-1', propagationPolicy: 'Foreground' });
    await client.apply(configMaps, one);
    const [first, second, remove, apply] = api.requests;
    assert.deepEqual([first?.query.get('limit'), first?.query.get('labelSelector')], ['2', 'x=y']);
    assert.equal(second?.query.get('continue'), '2/13');
    assert.deepEqual(JSON.parse(remove?.body ?? ''), {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'uid-1' },
      propagationPolicy: 'Foreground',
    });
    assert.equal(apply?.headers['content-type'], 'application/apply-patch+yaml');
    assert.deepEqual(Object.fromEntries(apply?.query ?? []), { fieldManager: 'tiny', force: 'true' });
    assert.equal(apply?.headers['user-agent'], 'tiny/2');
  });

  it('go nowhere once the connection was closed', async () => {
    const { client, close } = connect();
    await close();
    assert.equal((await failure(client.list(configMaps))).kind, 'unreachable');
    assert.equal(api.requests.length, 0);
  });

  it('need a namespace where there are some', async () => {
    const { client } = connect();
    await assert.rejects(
      async () => client.get(configMaps, { name: 'one' }),
      /ConfigMap one needs a namespace/,
    );
  });
});
