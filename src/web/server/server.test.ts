import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { createMetrics } from '../../metrics.ts';
import { createHealth } from '../../status/health.ts';
import { startWeb } from './start-web.ts';
import { openWebFixture, type WebFixture } from './web.fixture.ts';

let fixture: WebFixture;
before(async () => {
  fixture = await openWebFixture();
});
after(async () => fixture.close());

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(new URL(path, fixture.web.url), { headers });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? JSON.parse(text) : undefined,
  };
}

/** fetch sets Host, Origin and Sec-Fetch-* itself; here the test does. */
async function raw(options: {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}): Promise<{ status: number; body: { code?: string; problem?: string; rows?: unknown } }> {
  const { hostname, port } = new URL(fixture.web.url);
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : {} });
      });
    });
    call.on('error', reject);
    call.end(options.body);
  });
}

const firstNumber = 17_686_110;
const newestNumber = 17_686_132;

test('a transaction is found by its hash, with its logs, exact in every digit', async () => {
  const block = fixture.blocks[4];
  const wanted = block?.transactions.find(({ receipt_status }) => receipt_status === 1);
  assert.ok(block && wanted);
  const { body } = await get(`/api/transactions/${wanted.hash}`);
  assert.equal(body.transaction.value, wanted.value);
  assert.equal(body.transaction.state, 'final');
  assert.equal(
    body.transaction.fee,
    String(BigInt(String(wanted.receipt_gas_used)) * BigInt(String(wanted.receipt_effective_gas_price))),
  );
  const logs = block.logs.filter((log) => log.transaction_hash === wanted.hash);
  assert.deepEqual(
    body.logs.map((log: { log_index: number; data: string }) => [log.log_index, log.data]),
    logs.map((log) => [log.log_index, log.data]),
  );
});

test('a block comes by number and by hash with all its transactions, summarised without input', async () => {
  for (const one of [fixture.blocks[0], fixture.blocks.at(-1)]) {
    assert.ok(one);
    const [byNumber, byHash] = await Promise.all([
      get(`/api/blocks/${one.block.number}`),
      get(`/api/blocks/${one.block.hash.toUpperCase().replace('0X', '0x')}`),
    ]);
    assert.deepEqual(byNumber.body, byHash.body);
    assert.deepEqual(
      byNumber.body.transactions.map((row: { hash: string }) => row.hash),
      one.transactions.map((row) => row.hash),
    );
    assert.ok(!('input' in byNumber.body.transactions[0]));
    assert.equal(byNumber.body.block.state, one.block.number > newestNumber - 3 ? 'new' : 'final');
  }
});

test('the newest transactions are the newest ones', async () => {
  const { body } = await get('/api/transactions?limit=7');
  assert.equal(body.transactions.length, 7);
  const last = fixture.blocks.at(-1)?.transactions.at(-1);
  assert.equal(body.transactions[0].hash, last?.hash);
  assert.equal(body.transactions[0].state, 'new');
});

test('paging through an address meets each of its transactions once, newest first', async () => {
  const all = fixture.blocks.flatMap(({ transactions }) => transactions);
  const counts = Map.groupBy(all, (row) => row.from_address);
  const [address] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  assert.ok(address);
  const wanted = all
    .filter((row) => [row.from_address, row.to_address, row.receipt_contract_address].includes(address))
    .toReversed()
    .map((row) => row.hash);
  assert.ok(wanted.length > 10, `${wanted.length} transactions are enough to page`);
  const seen: string[] = [];
  for (let before = ''; ; ) {
    const { body } = await get(`/api/addresses/${address}/transactions?limit=4${before}`);
    assert.ok(body.transactions.length <= 4);
    seen.push(...body.transactions.map((row: { hash: string }) => row.hash));
    if (body.next === null) break;
    before = `&before=${body.next}`;
  }
  assert.deepEqual(seen, wanted);
});

test('the search tells what a text is', async () => {
  const one = fixture.blocks[7];
  const transaction = one?.transactions[0];
  assert.ok(one && transaction);
  const kindOf = async (text: string) => (await get(`/api/search?q=${encodeURIComponent(text)}`)).body.kind;
  assert.equal(await kindOf(` ${transaction.hash.toUpperCase().replace('0X', '0x')} `), 'transaction');
  assert.equal(await kindOf(transaction.hash.slice(2)), 'transaction');
  assert.equal(await kindOf(one.block.hash), 'block');
  assert.equal(await kindOf('17,686,117'), 'block');
  assert.equal(await kindOf(transaction.from_address), 'address');
});

test('a block names the neighbours that the log holds, and no others', async () => {
  const neighbours = async (number: number) => {
    const { body } = await get(`/api/blocks/${number}`);
    return [body.previous, body.next];
  };
  assert.deepEqual(await neighbours(firstNumber), [null, firstNumber + 1]);
  assert.deepEqual(await neighbours(firstNumber + 5), [firstNumber + 4, firstNumber + 6]);
  assert.deepEqual(await neighbours(newestNumber), [newestNumber - 1, null]);
});

test('what cannot be looked up is refused, what is not there is said with what is', async () => {
  const refused = async (text: string) => {
    const { status, body } = await get(`/api/search?q=${encodeURIComponent(text)}`);
    return [status, body.code, body.message];
  };
  assert.deepEqual(await refused('vitalik.eth'), [
    400,
    'SearchInvalid',
    '"vitalik.eth" is nothing that can be looked up: it is neither a number nor hexadecimal',
  ]);
  assert.match(String((await refused(`0x${'a'.repeat(63)}`))[2]), /it has 63 hex digits/);
  assert.deepEqual((await refused('  '))[1], 'SearchInvalid');
  const range = 'it holds blocks 17,686,110 to 17,686,132';
  assert.deepEqual(await refused('1'), [404, 'NotInLog', `the log has no block 1; ${range}`]);
  const nowhere = `0x${'0'.repeat(63)}1`;
  assert.deepEqual(await refused(nowhere), [
    404,
    'NotInLog',
    `the log has no transaction or block ${nowhere}; ${range}`,
  ]);
  assert.equal((await refused(`0x${'0'.repeat(39)}7`))[0], 404);
  for (const path of [`/api/transactions/${nowhere}`, `/api/blocks/${firstNumber - 1}`]) {
    const { status, body } = await get(path);
    assert.deepEqual([status, body.code], [404, 'NotInLog']);
    assert.ok(body.remedy.length > 0);
  }
  for (const path of [
    '/api/transactions/0x12',
    '/api/blocks/-1',
    '/api/transactions?limit=0',
    '/api/transactions?limit=many',
    `/api/addresses/0x${'0'.repeat(40)}/transactions?before=x`,
  ]) {
    const { status, body } = await get(path);
    assert.deepEqual([path, status, body.code], [path, 400, 'RequestInvalid']);
  }
  assert.deepEqual((await get('/api/nothing')).body.code, 'RouteUnknown');
});

test('results are listed, and their rows come as JSON and as CSV', async () => {
  const { body } = await get('/api/results');
  assert.deepEqual(body.tables.map((table: { name: string }) => table.name).sort(), [
    'gas_by_minute',
    'transfers_by_token',
  ]);
  const gas = await get('/api/results/cluster/gas_by_minute');
  const finals = fixture.blocks.slice(0, -3);
  const gasUsed = finals.reduce((sum, { block }) => sum + BigInt(String(block.gas_used)), 0n);
  assert.equal(
    gas.body.rows.reduce((sum: bigint, row: [string, number, string]) => sum + BigInt(row[2]), 0n),
    gasUsed,
  );
  const newest = gas.body.rows[0][0];
  assert.match(newest, /^2023-07-13T\d\d:\d\d:00Z$/);
  assert.equal(gas.body.truncated, false);
  assert.equal((await get('/api/results/cluster/gas_by_minute?limit=1')).body.truncated, true);

  const from = Date.parse(newest) / 1000;
  const csv = await get(`/api/results/cluster/gas_by_minute?format=csv&from=${from}`);
  assert.match(csv.headers.get('content-type') ?? '', /text\/csv/);
  const [header, row, ...more] = csv.text.split('\r\n');
  assert.equal(header, 'window_start,transactions,gas_used,base_fee');
  assert.equal(row, gas.body.rows[0].join(','));
  assert.deepEqual(more, ['']);

  const whole = await get('/api/results/cluster/transfers_by_token?format=csv');
  const rows = (await get('/api/results/cluster/transfers_by_token?limit=20000')).body.rows;
  assert.equal(whole.text.trim().split('\r\n').length, rows.length + 1);

  const unknown = await get('/api/results/user%2Falice/gas_by_minute');
  assert.deepEqual(
    [unknown.status, unknown.body.message],
    [404, 'user/alice has no result table gas_by_minute'],
  );
});

test('events tell the status at once, then what changed, and the newest transactions', async () => {
  const stop = new AbortController();
  const response = await fetch(new URL('/api/events', fixture.web.url), { signal: stop.signal });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.ok(response.headers.get('content-security-policy'));
  const decoder = new TextDecoder();
  let text = '';
  const readUntil = async (wanted: RegExp) => {
    const deadline = AbortSignal.timeout(5000);
    while (!wanted.test(text)) {
      deadline.throwIfAborted();
      const { value, done } = await reader.read();
      assert.ok(!done, 'the stream goes on');
      text += decoder.decode(value, { stream: true });
    }
  };
  assert.ok(response.body);
  const reader = response.body.getReader();
  await readUntil(
    /event: status\n.*"state":"running".*\n\n[\s\S]*event: transactions\n.*"state":"new".*\n\n/,
  );
  fixture.status = { ...fixture.status, reorgs: { count: 2, deepest: 5 } };
  await readUntil(/"deepest":5/);
  stop.abort();
});

test('only JSON of the own page, or the token, may run a query', async () => {
  const { host, origin } = new URL(fixture.web.url);
  const json = { 'content-type': 'application/json' };
  const post = async (headers: Record<string, string>, body = '{"sql":"SELECT 1"}') => {
    const answer = await raw({ path: '/api/query', method: 'POST', headers: { host, ...headers }, body });
    return [answer.status, answer.body.code ?? JSON.stringify(answer.body.rows)];
  };
  assert.deepEqual(await post({ ...json, authorization: `Bearer ${fixture.token}` }), [200, '[[1]]']);
  assert.deepEqual(await post({ ...json, origin }), [200, '[[1]]']);
  assert.deepEqual(await post(json), [403, 'RequestRefused']);
  assert.deepEqual(await post({ ...json, authorization: 'Bearer guess' }), [403, 'RequestRefused']);
  assert.deepEqual(await post({ ...json, origin, authorization: 'Bearer guess' }), [403, 'RequestRefused']);
  assert.deepEqual(await post({ ...json, origin: 'http://evil.example' }), [403, 'RequestRefused']);
  assert.deepEqual(await post({ ...json, origin: 'null' }), [403, 'RequestRefused']);
  assert.deepEqual(await post({ 'content-type': 'text/plain', origin }), [415, 'RequestInvalid']);
  assert.deepEqual(await post({ ...json, origin }, '{"sql":'), [400, 'RequestInvalid']);
  assert.deepEqual(await post({ ...json, origin }, '{"sql":""}'), [400, 'RequestInvalid']);
  assert.deepEqual(await post({ ...json, origin }, JSON.stringify({ sql: 'x'.repeat(300_000) })), [
    413,
    'RequestInvalid',
  ]);
});

test('another name for this address and a page of another site are turned away', async () => {
  const { port, host } = new URL(fixture.web.url);
  const statusOf = async (headers: Record<string, string>) =>
    (await raw({ path: '/api/status', headers })).status;
  assert.equal(await statusOf({ host: `evil.example:${port}` }), 403);
  assert.equal(await statusOf({ host: '127.0.0.1.evil.example' }), 403);
  assert.equal(await statusOf({ host: `localhost:${port}` }), 200);
  assert.equal(await statusOf({ host, origin: 'http://evil.example' }), 403);
  assert.equal(await statusOf({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 403);
  assert.equal(await statusOf({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), 200);
  const { headers } = await get('/');
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'self'/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
});

test('ready is not the same as alive', async () => {
  const status = fixture.status;
  assert.equal((await get('/readyz')).status, 200);
  fixture.status = { ...status, head: undefined };
  assert.deepEqual([(await get('/readyz')).status, (await get('/healthz')).status], [503, 200]);
  assert.match(JSON.stringify((await get('/readyz')).body), /no block was seen yet/);
  const metrics = await fetch(new URL('/metrics', fixture.web.url));
  assert.match(await metrics.text(), /^process_resident_memory_bytes\{/m);
  fixture.status = status;
});

test('saved queries are listed', async () => {
  await fixture.metadata.saveQuery({ name: 'gas', owner: 'cluster', sql: 'SELECT 1', savedAt: 5 });
  assert.deepEqual((await get('/api/queries')).body, {
    queries: [{ name: 'gas', sql: 'SELECT 1', savedAt: 5 }],
  });
});

test('a port in use and missing pages are said so', async () => {
  const options = {
    status: async () => fixture.status,
    log: fixture.log,
    results: fixture.results,
    metadata: fixture.metadata,
    query: async () => ({ columns: [], rows: [], truncated: false }),
    health: createHealth({ clock: systemClock }),
    metrics: createMetrics({ role: 'run', pipeline: 'mainnet' }),
    token: 't',
    logger: silentLogger,
    uiFolder: `${import.meta.dirname}/../ui`,
  };
  const port = Number(new URL(fixture.web.url).port);
  await assert.rejects(startWeb({ ...options, port }), {
    code: 'PortInUse',
    message: new RegExp(`127.0.0.1:${port}`),
  });
  await assert.rejects(startWeb({ ...options, port: 0, uiFolder: '/nowhere' }), { code: 'BrowserUiMissing' });
});
