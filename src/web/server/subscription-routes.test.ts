import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { createAuditRecorder } from '../../people/audit-recorder.ts';
import { createPeople } from '../../people/people.ts';
import { newBlockBatches, undoBatches } from '../../stores/topics/pipeline-topics.ts';
import type { Publisher } from '../../stores/topics/port.ts';
import type { FinalBlock } from '../../stores/transaction-log/port.ts';
import { openWebFixture, type WebFixture } from './web.fixture.ts';

let fixture: WebFixture;
let publisher: Publisher;
let alice: string;
before(async () => {
  // Looking again comes a hundred times as often as it does.
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
  };
  fixture = await openWebFixture({ clock });
  publisher = await fixture.topics.publisher('streamer');
  const { metadata } = fixture;
  const audit = createAuditRecorder({ metadata, clock: systemClock, logger: silentLogger });
  const people = createPeople({ metadata, audit, clock: systemClock, who: 'command-line' });
  await people.addUser({ name: 'alice' });
  alice = (await people.createToken({ userId: 'alice', name: 'laptop' })).secret;
});
after(async () => fixture.close());

async function ask(method: string, path: string, body?: object, token = alice) {
  const response = await fetch(new URL(`/api/subscriptions${path}`, fixture.web.url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

interface Told {
  readonly event: string;
  readonly data: unknown;
}

/** Listens, and answers what was told once `count` events other than `open` have come, or the stream has ended. */
async function listen(t: TestContext, name: string): Promise<{ take(count: number): Promise<Told[]> }> {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const response = await fetch(new URL(`/api/subscriptions/${name}/events`, fixture.web.url), {
    headers: { authorization: `Bearer ${alice}` },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]),
  });
  assert.equal(response.status, 200);
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const told: Told[] = [];
  const more = async (): Promise<boolean> => {
    const { value, done } = await reader.read();
    text += value ?? '';
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      if (event !== undefined) told.push({ event, data: JSON.parse(data ?? '') });
      text = text.slice(end + 2);
    }
    return !done;
  };
  while (told.length === 0) assert.ok(await more());
  assert.equal(told.shift()?.event, 'open');
  return {
    take: async (count) => {
      while (told.length < count && (await more()));
      return told.splice(0, count);
    },
  };
}

/** Publishes a block joining the chain, or leaving it, as the streamer does. */
let sequence = 0;
async function publish(step: 'new' | 'undo', { block, transactions, logs }: FinalBlock): Promise<void> {
  sequence++;
  const head = { number: block.number, hash: block.hash };
  const cursor = { sequence, step, block: head, head, finalized: head };
  const rows = { block, transactions, logs };
  await publisher.publish(
    step === 'new'
      ? newBlockBatches(fixture.names, rows, cursor)
      : undoBatches(fixture.names, markerOf(block), cursor),
  );
}

function markerOf({ number, hash, parent_hash, timestamp }: FinalBlock['block']) {
  return { number, hash, parent_hash: String(parent_hash), timestamp };
}

function blockAt(index: number): FinalBlock {
  const block = fixture.blocks[index];
  assert.ok(block);
  return block;
}

const transfer = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

test('a subscriber is told of the logs that they asked for, exactly, and of undone blocks', async (t) => {
  const [before, block, next] = [blockAt(0), blockAt(1), blockAt(2)];
  const token = block.logs.find(({ topic0 }) => topic0 === transfer)?.address;
  const filter = { addresses: [token?.toUpperCase().replace('0X', '0x')], topic0: [transfer] };
  const saved = await ask('PUT', '/transfers', { topic: 'logs', filter });
  assert.equal(saved.status, 200);
  assert.deepEqual(saved.body.filter, { addresses: [token], topic0: [transfer] });
  await publish('new', before);
  const listening = await listen(t, 'transfers');
  await publish('new', block);
  await publish('undo', block);
  await publish('new', next);
  const wanted = ({ logs }: FinalBlock) =>
    logs
      .filter(({ address, topic0 }) => address === token && topic0 === transfer)
      .map((data) => ({ event: 'new', data: JSON.parse(JSON.stringify(data)) }));
  const expected = [...wanted(block), { event: 'undo', data: markerOf(block.block) }, ...wanted(next)];
  assert.ok(wanted(block).length > 0 && wanted(next).length > 0 && wanted(block).length < block.logs.length);
  const told = await listening.take(expected.length);
  // Blocks of other numbers may stand in other partitions, which are read each by itself.
  const byHash = (hash: string) => (one: Told) =>
    [(one.data as { block_hash?: string }).block_hash, (one.data as { hash?: string }).hash].includes(hash);
  for (const { hash } of [block.block, next.block]) {
    assert.deepEqual(told.filter(byHash(hash)), expected.filter(byHash(hash)));
  }
  assert.equal(told.length, expected.length);
});

test('records that are none of ours are told to nobody, and hold up none that follow', async (t) => {
  const block = blockAt(4);
  const [first, second] = block.transactions;
  assert.ok(first && second);
  await ask('PUT', '/mine', {
    topic: 'transactions',
    filter: { addresses: [first.from_address, second.from_address] },
  });
  await ask('PUT', '/every', { topic: 'transactions' });
  const [mine, every] = [await listen(t, 'mine'), await listen(t, 'every')];
  const head = { number: block.block.number, hash: block.block.hash };
  const cursor = { sequence: 0, step: 'new' as const, block: head, head, finalized: head };
  const [good, next] = [first, second].map((row) => {
    const [batch] = newBlockBatches(fixture.names, { ...block, transactions: [row], logs: [] }, cursor);
    assert.ok(batch);
    return batch;
  });
  assert.ok(good && next);
  const foreign = ['no JSON', '1', '{"from_address":7}'].map((value) => ({ ...good, values: [value] }));
  await publisher.publish([good, ...foreign, next]);
  const expected = [first.hash, second.hash];
  for (const told of [await mine.take(2), await every.take(2)])
    assert.deepEqual(
      told.map(({ data }) => (data as { hash: string }).hash),
      expected,
    );
});

test('an address is told of every transaction it takes part in; blocks come whole', async (t) => {
  const block = blockAt(3);
  const counts = Map.groupBy(block.transactions, (row) => row.to_address ?? '');
  const [address = ''] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  await ask('PUT', '/address', { topic: 'transactions', filter: { addresses: [address] } });
  await ask('PUT', '/blocks', { topic: 'blocks' });
  const [transactions, blocks] = [await listen(t, 'address'), await listen(t, 'blocks')];
  await publish('new', block);
  const wanted = block.transactions.filter((row) =>
    [row.from_address, row.to_address, row.receipt_contract_address].includes(address),
  );
  assert.ok(wanted.length > 1 && wanted.length < block.transactions.length);
  const told = await transactions.take(wanted.length);
  assert.deepEqual(
    told.map(({ data }) => (data as { hash: string }).hash),
    wanted.map(({ hash }) => hash),
  );
  const [one] = await blocks.take(1);
  assert.deepEqual(one, { event: 'new', data: JSON.parse(JSON.stringify(block.block)) });
});

test('the stream ends when the subscription is gone or its user is disabled', async (t) => {
  await ask('PUT', '/short', { topic: 'blocks' });
  await ask('PUT', '/long', { topic: 'blocks' });
  const [short, long] = [await listen(t, 'short'), await listen(t, 'long')];
  assert.deepEqual((await ask('DELETE', '/short')).body, { deleted: true });
  assert.deepEqual(await short.take(9), [
    { event: 'end', data: { reason: 'the subscription was changed or has ended' } },
  ]);
  await fixture.metadata.setUserDisabled('alice', true);
  assert.deepEqual(await long.take(9), [
    { event: 'end', data: { reason: 'the token opens nothing any more' } },
  ]);
  await fixture.metadata.setUserDisabled('alice', false);
});

test('one user cannot take all streams', async (t) => {
  await ask('PUT', '/many', { topic: 'blocks' });
  for (let count = 0; count < 8; count++) await listen(t, 'many');
  const { status, body } = await ask('GET', '/many/events');
  assert.deepEqual([status, body.code], [503, 'TooManyListeners']);
});

test('subscriptions are kept for their user, and what makes no sense is refused', async () => {
  const expiresAt = Date.now() + 60_000;
  await ask('PUT', '/kept', { topic: 'logs', expiresAt });
  const { body } = await ask('GET', '/kept');
  assert.deepEqual(
    { ...body, createdAt: 0 },
    { name: 'kept', topic: 'logs', filter: null, createdAt: 0, expiresAt },
  );
  const names = async (token?: string) =>
    (await ask('GET', '', undefined, token)).body.subscriptions.map(({ name }: { name: string }) => name);
  assert.ok((await names()).includes('kept'));
  assert.deepEqual(await names(fixture.token), []);
  assert.equal((await ask('GET', '/none')).body.code, 'SubscriptionUnknown');
  assert.equal((await ask('GET', '/none/events')).status, 404);
  const address = `0x${'0'.repeat(40)}`;
  for (const asked of [
    {},
    { topic: 'history' },
    { topic: 'blocks', filter: { addresses: [address] } },
    { topic: 'transactions', filter: { topic0: [transfer] } },
    { topic: 'logs', filter: { addresses: [] } },
    { topic: 'logs', filter: { addresses: ['0x12'] } },
    { topic: 'logs', filter: { addresses: Array(1_001).fill(address) } },
    { topic: 'logs', expiresAt: 1 },
    { topic: 'logs', more: true },
  ]) {
    const { status, body: answer } = await ask('PUT', '/bad', asked);
    assert.deepEqual([status, answer.code], [400, 'RequestInvalid'], JSON.stringify(asked).slice(0, 80));
  }
});
