// Reads back what a streamer published.

import assert from 'node:assert/strict';
import { checkedBlock, checkedRecord } from '../stores/topics/checked-records.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { StoredBatch, Topics } from '../stores/topics/port.ts';

/** Every record of a topic, partition after partition. */
async function recordsOf(topics: Topics, topic: string): Promise<readonly StoredBatch[]> {
  const all: StoredBatch[] = [];
  for (const { partition, first, next } of await topics.ends(topic)) {
    for (let offset = first; offset < next; offset = all.at(-1)?.next ?? next) {
      all.push(...(await topics.read({ topic, partition, offset }, { maxBytes: 1024 * 1024 })));
    }
  }
  return all;
}

/** Fails unless the steps of `blocks` follow each other, each once, and the other topics have their rows once. */
export async function assertGapless(topics: Topics, names: PipelineTopics): Promise<readonly string[]> {
  const chain: string[] = [];
  let sequence = 0;
  let finals = 0;
  const steps: string[] = [];
  const expected = new Map<string, number>();
  for (const batch of await recordsOf(topics, names.blocks)) {
    const checked = checkedBlock(batch);
    assert.ok('facts' in checked && checked.facts.cursor);
    const { facts, row } = checked;
    assert.ok(checked.facts.cursor.sequence > sequence, 'the sequence rises');
    sequence = checked.facts.cursor.sequence;
    steps.push(`${facts.step} ${row.number % 1_000}`);
    const key = `${row.hash}`;
    if (facts.step === 'new') {
      if (chain.length > 0) assert.equal(row.parent_hash, chain.at(-1));
      chain.push(key);
      expected.set(key, (expected.get(key) ?? 0) + 1);
    } else if (facts.step === 'undo') assert.equal(chain.pop(), key);
    else {
      assert.equal(chain[finals], key);
      finals += 1;
    }
  }
  const published = new Map<string, number>();
  for (const batch of await recordsOf(topics, names.transactions)) {
    const checked = checkedRecord(batch);
    assert.ok('facts' in checked);
    const { step, blockHash } = checked.facts;
    if (step === 'new') published.set(blockHash, (published.get(blockHash) ?? 0) + 1);
  }
  assert.deepEqual([...published].toSorted(), [...expected].toSorted());
  return steps;
}
