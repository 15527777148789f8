import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Cursor } from '../chain/step.ts';
import { type Clock, systemClock } from '../clock.ts';
import { openEmbeddedTopics } from '../stores/topics/embedded.ts';
import {
  finalBatches,
  newBlockBatches,
  pipelineTopics,
  topicSpecs,
  undoBatches,
} from '../stores/topics/pipeline-topics.ts';
import { aBlock } from '../stores/transaction-log/made-blocks.ts';
import { createBlocksWatch } from './blocks-watch.ts';

const names = pipelineTopics('test');
const retention = 60_000;

async function aTopic(t: TestContext) {
  let offset = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + offset };
  const folder = mkdtempSync(join(tmpdir(), 'millrace-watch-'));
  const topics = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock });
  await topics.create(topicSpecs(names, { partitions: 1, historyPartitions: 1, retention }));
  const publisher = await topics.publisher('p');
  t.after(async () => {
    await topics.close();
    rmSync(folder, { recursive: true });
  });
  let sequence = 0;
  const blocks = [1, 2, 3, 4].map((number) => aBlock({ number }));
  const finalized = { number: 0, hash: `0x${'00'.repeat(32)}` };
  const cursor = (step: Cursor['step'], at: number, head: number, final = finalized): Cursor => {
    const ref = (index: number) => ({
      number: blocks[index]?.block.number ?? 0,
      hash: blocks[index]?.block.hash ?? '',
    });
    sequence += 1;
    return { sequence, step, block: ref(at), head: ref(head), finalized: final };
  };
  return {
    topics,
    watch: createBlocksWatch({ topics, topic: names.blocks }),
    grow: async (at: number) => {
      const rows = blocks[at];
      if (rows) await publisher.publish(newBlockBatches(names, rows, cursor('new', at, at)));
    },
    undo: async (at: number) => {
      const block = blocks[at]?.block;
      if (block) await publisher.publish(undoBatches(names, block, cursor('undo', at, at - 1)));
    },
    settle: async (at: number, head: number) => {
      const block = blocks[at]?.block;
      if (block)
        await publisher.publish(
          finalBatches(names, block, cursor('final', at, head, { number: block.number, hash: block.hash })),
        );
    },
    foreign: async (at: number) => {
      const rows = blocks[at];
      const batches = rows ? newBlockBatches(names, rows, cursor('new', at, at)) : [];
      const own = batches.filter(({ topic }) => topic === names.blocks);
      await publisher.publish(own.map((batch) => ({ ...batch, values: ['no JSON'] })));
    },
    later: async () => {
      offset += 10 * retention;
      await topics.expire(clock.now());
    },
  };
}

test('an empty topic says nothing', async (t) => {
  const { watch } = await aTopic(t);
  await watch.look();
  assert.equal(watch.head(), undefined);
  assert.deepEqual(watch.reorgs(), { count: 0, deepest: 0 });
});

test('it begins at the last record, then counts reorgs as they come; one that begins later finds them', async (t) => {
  const { topics, watch, grow, undo, settle } = await aTopic(t);
  await grow(0);
  await grow(1);
  await watch.look();
  assert.equal(watch.head()?.number, 2);
  await grow(2);
  await undo(2);
  await undo(1);
  await grow(1);
  await settle(0, 1);
  await watch.look();
  assert.equal(watch.head()?.number, 2);
  assert.ok(watch.head()?.timestamp);
  assert.equal(watch.finalized()?.number, 1);
  assert.ok(watch.finalized()?.timestamp);
  const { count, deepest, last } = watch.reorgs();
  assert.deepEqual([count, deepest, last?.depth], [1, 2, 2]);
  assert.deepEqual(watch.ownReorgs().count, 1);
  const later = createBlocksWatch({ topics, topic: names.blocks });
  await later.look();
  assert.deepEqual(later.reorgs(), watch.reorgs());
  assert.ok(Math.abs(Date.now() - (later.reorgs().since ?? 0)) < 60_000);
  assert.equal(later.ownReorgs().count, 0);
  await undo(1);
  await grow(3);
  await later.look();
  assert.deepEqual([later.reorgs().count, later.reorgs().deepest, later.reorgs().last?.depth], [2, 2, 1]);
});

test('when the topic has let go of what it had not seen, it begins at the end again', async (t) => {
  const { watch, grow, later } = await aTopic(t);
  await grow(0);
  await watch.look();
  await grow(1);
  await later();
  await grow(2);
  await watch.look();
  await watch.look();
  assert.equal(watch.head()?.number, 3);
});

test('a record whose headers are ours and whose value is not is passed over', async (t) => {
  const { watch, grow, foreign } = await aTopic(t);
  await grow(0);
  await watch.look();
  await foreign(3);
  await grow(1);
  await watch.look();
  assert.equal(watch.head()?.number, 2);
});
