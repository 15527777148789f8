import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Header } from '../chain/block.ts';
import { startReplay } from '../chain/replay/replay-node.ts';
import { connectChain } from '../chain/rpc/connect-chain.ts';
import { type Clock, systemClock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { createFaults, faultyTopics } from '../stores/faults.fixture.ts';
import { openEmbeddedTopics } from '../stores/topics/embedded.ts';
import { pipelineTopics, topicSpecs } from '../stores/topics/pipeline-topics.ts';
import type { BlockEntry } from '../stores/transaction-log/port.ts';
import { assertGapless } from './live.fixture.ts';
import { type LiveDeps, type PublishedStep, streamLive } from './live.ts';
import { livePosition } from './live-position.ts';

const names = pipelineTopics('test');
const retention = 60_000;
const examples = new URL('../../examples/mainnet/', import.meta.url).pathname;
const files = ['blocks', 'receipts'].map((kind) =>
  join(examples, `mainnet-run-17686110-17686132.${kind}.ndjson.gz`),
);

/** A node at 17686120, final to 17686116, a reorg of 3 to come, and topics on a clock that a test moves. */
async function aStreamer(t: TestContext) {
  let offset = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + offset };
  const folder = mkdtempSync(join(tmpdir(), 'millrace-live-'));
  const node = await startReplay({
    files,
    head: { start: 17_686_120 },
    finalityDistance: 4,
    reorgs: [{ at: 17_686_123, depth: 3 }],
  });
  const topics = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock });
  await topics.create(topicSpecs(names, { partitions: 2, historyPartitions: 1, retention }));
  const { signal } = new AbortController();
  const reader = await connectChain({
    endpoints: [{ url: node.wsUrl }],
    expectedChainId: 1,
    clock,
    logger: silentLogger,
    signal,
  });
  t.after(async () => {
    for (const open of [reader, topics, node]) await open.close();
    rmSync(folder, { recursive: true });
  });
  let newestFinal: BlockEntry | undefined;
  const common = {
    reader,
    topics,
    names,
    finality: { tag: 'finalized' } as const,
    clock,
    logger: silentLogger,
    logs: true,
    pollMs: 20,
  };
  const log = { newestFinal: async () => newestFinal };
  /** Streams until a step is the one wanted; answers all of them. */
  const stream = async (
    last: (step: PublishedStep) => boolean,
    through: Partial<LiveDeps> = {},
  ): Promise<readonly PublishedStep[]> => {
    const stop = new AbortController();
    const steps: PublishedStep[] = [];
    const onStep = (step: PublishedStep) => {
      steps.push(step);
      if (last(step)) stop.abort();
    };
    await streamLive({ ...common, log, signal: stop.signal, onStep, ...through });
    return steps;
  };
  return {
    node,
    topics,
    stream,
    position: () => livePosition({ ...common, signal, log }),
    later: (ms: number) => {
      offset += ms;
    },
    logHolds: async (number: number) => {
      const header = (await reader.header(number, signal)) as Header;
      newestFinal = {
        number,
        hash: header.hash,
        parent_hash: header.parentHash,
        timestamp: header.timestamp,
        transaction_count: 0,
        log_count: 0,
        state: 'final',
      };
    },
  };
}

const kinds = (steps: readonly PublishedStep[]) =>
  steps.map(({ kind, block }) => `${kind} ${block.number % 1_000}`);

test('it goes on after the last record, also in the middle of a losing branch', async (t) => {
  const { node, stream, position } = await aStreamer(t);
  const first = await stream(({ block, kind }) => kind === 'new' && block.number === 17_686_120);
  assert.deepEqual(kinds(first), ['new 117', 'new 118', 'new 119', 'new 120']);
  node.advance(3);
  await stream(({ kind, block }) => kind === 'new' && block.number === 17_686_123);
  const losing = await position();
  assert.ok('cursor' in losing);
  assert.equal(losing.cursor.head.number, 17_686_123);
  assert.equal(losing.unfinalized.at(-1)?.hash, losing.cursor.head.hash);
  assert.equal(losing.unfinalized[0]?.parentHash, losing.cursor.finalized.hash);

  node.advance(1);
  const after = await stream(({ kind, block }) => kind === 'new' && block.number === 17_686_124);
  assert.deepEqual(
    kinds(after)
      .filter((step) => !step.startsWith('final'))
      .slice(0, 7),
    ['undo 123', 'undo 122', 'undo 121', 'new 121', 'new 122', 'new 123', 'new 124'],
  );
  assert.ok((after[0]?.cursor.sequence ?? 0) > losing.cursor.sequence);
});

test('when every record has expired it goes on from the log, without a gap, and the sequence still rises', async (t) => {
  const { node, topics, stream, position, later, logHolds } = await aStreamer(t);
  const before = await stream(({ block }) => block.number === 17_686_120);
  const last = before.at(-1)?.cursor.sequence ?? 0;
  await logHolds(17_686_116);
  later(10 * retention);
  assert.ok((await topics.expire(Date.now() + 10 * retention)) > 0);
  const ends = await topics.ends(names.blocks);
  assert.equal(ends[0]?.first, ends[0]?.next);

  const resume = await position();
  assert.ok('finalized' in resume);
  assert.equal(resume.finalized.number, 17_686_116);
  node.advance(1);
  const again = await stream(({ block, kind }) => kind === 'new' && block.number === 17_686_120);
  assert.equal(again[0]?.block.number, 17_686_117);
  assert.ok((again[0]?.cursor.sequence ?? 0) > last);
});

test('publishes of unknown outcome: it reads back what is truly there, no step is lost and none comes twice', async (t) => {
  const { node, topics, stream } = await aStreamer(t);
  // A step whose publish is not heard of is not told: the last ones are left in peace.
  const rate = () => (node.head() < 17_686_129 ? 0.25 : 0);
  const attempt = createFaults({ rate, random: Math.random });
  const troubles: (string | undefined)[] = [];
  const through = {
    topics: faultyTopics(topics, attempt),
    clock: {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 50, signal),
    },
    onPublishTrouble: (trouble: { error: { code: string } } | undefined) => {
      troubles.push(trouble?.error.code);
    },
  };
  const advancing = setInterval(() => node.advance(1), 60);
  t.after(() => clearInterval(advancing));
  await stream(({ kind, block }) => kind === 'new' && block.number > 17_686_130, through);
  clearInterval(advancing);
  const steps = await assertGapless(topics, names);
  assert.ok(steps.includes('new 130'), steps.join());
  assert.ok(troubles.includes('StoreUnreachable'));
  assert.equal(troubles.at(-1), undefined, 'and it is over');
});

test('a streamer that another one took over from ends; the other goes on without a gap', async (t) => {
  const { node, topics, stream } = await aStreamer(t);
  const first = stream(() => false);
  const ended = assert.rejects(first, (error) => isMillraceError(error, 'PublisherFenced'));
  while ((await topics.ends(names.blocks))[0]?.next === 0) await systemClock.sleep(10);
  const second = stream(({ kind, block }) => kind === 'new' && block.number === 17_686_122);
  // Both see the new blocks.
  const advancing = setInterval(() => node.advance(1), 100);
  t.after(() => clearInterval(advancing));
  await second;
  await ended;
  await assertGapless(topics, names);
});

test('foreign records on its own topic are passed over when it looks where it stands', async (t) => {
  const { topics, stream, position } = await aStreamer(t);
  await stream(({ block, kind }) => kind === 'new' && block.number === 17_686_120);
  const before = await position();
  const intruder = await topics.publisher('intruder');
  const schema = 'millrace.block/1';
  const block_hash = `0x${'ab'.repeat(32)}`;
  const cursor = `9|new|1:${block_hash}|1:${block_hash}|0:${block_hash}`;
  for (const headers of [
    {},
    { schema, step: 'new', block_hash },
    { schema, step: 'new', block_hash, cursor },
  ]) {
    await intruder.publish([{ topic: names.blocks, key: 'x', headers, values: ['{"number":'] }]);
  }
  assert.deepEqual(await position(), before);
});
