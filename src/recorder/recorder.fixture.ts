// Embedded topics and log in a folder of the test's own, a made chain published as the streamer does it, and what the
// log must hold of it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Cursor, StepKind } from '../chain/step.ts';
import { type Clock, systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { openEmbeddedTopics } from '../stores/topics/embedded.ts';
import {
  finalBatches,
  historyBatches,
  newBlockBatches,
  type PipelineTopics,
  pipelineTopics,
  topicSpecs,
  undoBatches,
} from '../stores/topics/pipeline-topics.ts';
import type { RecordBatch, StoredBatch, Topics } from '../stores/topics/port.ts';
import { openEmbeddedTransactionLog } from '../stores/transaction-log/embedded/open.ts';
import type { FinalBlock, TransactionLog } from '../stores/transaction-log/port.ts';
import { recorderGroups } from './recorder.ts';

export const names = pipelineTopics('test');

/** Sixteen times as fast as the real one, and a test may move it. */
export function fastClock(): Clock & { later(ms: number): void } {
  const speed = 16;
  const started = Date.now();
  let moved = 0;
  return {
    now: () => started + (Date.now() - started) * speed + moved,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
    later: (ms) => {
      moved += ms;
    },
  };
}

export async function someStores(
  t: TestContext,
  { clock, retention = 'forever' }: { readonly clock: Clock; readonly retention?: number | 'forever' },
): Promise<{ readonly topics: Topics; readonly log: TransactionLog }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-recorder-'));
  const topics = await openEmbeddedTopics({ file: join(folder, 'topics.sqlite'), clock });
  await topics.create(topicSpecs(names, { partitions: 3, historyPartitions: 3, retention }));
  const log = await openEmbeddedTransactionLog({ folder, clock, logger: silentLogger });
  t.after(async () => {
    await topics.close();
    await log.close();
    rmSync(folder, { recursive: true });
  });
  return { topics, log };
}

/** Makes the batches of steps as the streamer does, with a sequence that rises. */
export function aPublishing(finalized: FinalBlock, on: PipelineTopics = names) {
  let sequence = 0;
  let final = ref(finalized);
  const cursor = (step: StepKind, about: FinalBlock, head: FinalBlock): Cursor => {
    sequence += 1;
    if (step === 'final') final = ref(about);
    return { sequence, step, block: ref(about), head: ref(head), finalized: final };
  };
  return {
    joins: (made: FinalBlock): readonly RecordBatch[] => newBlockBatches(on, made, cursor('new', made, made)),
    leaves: (made: FinalBlock, head: FinalBlock): readonly RecordBatch[] =>
      undoBatches(on, marker(made), cursor('undo', made, head)),
    becomesFinal: (made: FinalBlock, head: FinalBlock): readonly RecordBatch[] =>
      finalBatches(on, marker(made), cursor('final', made, head)),
    history: (made: FinalBlock): readonly RecordBatch[] => historyBatches(on, made),
  };
}

const ref = ({ block }: FinalBlock) => ({ number: block.number, hash: block.hash });
const marker = ({ block }: FinalBlock) => ({
  number: block.number,
  hash: block.hash,
  parent_hash: block.parent_hash,
  timestamp: block.timestamp,
});

/** Fails unless the log holds exactly these blocks in these states, with exactly their rows. */
export async function assertHolds(
  log: TransactionLog,
  expected: readonly { readonly made: FinalBlock; readonly state: 'new' | 'final' }[],
): Promise<void> {
  const size = await log.size();
  const total = (rows: (made: FinalBlock) => number) =>
    expected.reduce((sum, { made }) => sum + rows(made), 0);
  for (const { made, state } of expected) {
    const { block, transactions, logs } = made;
    const entry = await log.block(block.number);
    assert.deepEqual([entry?.hash, entry?.state], [block.hash, state], `block ${block.number}`);
    const kept = await log.transactionsOfBlock(block.hash);
    assert.deepEqual(
      kept.map(({ hash, value }) => [hash, value]),
      transactions.map(({ hash, value }) => [hash, value]),
    );
    const keptLogs = await log.logsOfBlock(block.hash);
    assert.deepEqual(
      keptLogs.map(({ log_index, data }) => [log_index, data]),
      logs.map(({ log_index, data }) => [log_index, data]),
    );
  }
  assert.equal(
    size.transactions,
    total((made) => made.transactions.length),
  );
  assert.equal(size.blocks, expected.length);
}

export async function until(what: string, check: () => Promise<boolean> | boolean, ms = 30_000) {
  const deadline = Date.now() + ms;
  while (!(await check())) {
    assert.ok(Date.now() < deadline, `not in ${ms} ms: ${what}`);
    await systemClock.sleep(10);
  }
}

/** Has every group of the recorders committed all that is on the topics? */
export async function allTaken(topics: Topics, of: PipelineTopics = names): Promise<boolean> {
  const groups = recorderGroups(of);
  const lags = await Promise.all([
    topics.lag(groups.rows, of.transactions),
    topics.lag(groups.rows, of.logs),
    topics.lag(groups.canonical, of.blocks),
    topics.lag(groups.history, of.history),
  ]);
  return lags.every(({ records }) => records === 0);
}

export async function deadLettersOf(
  topics: Topics,
  { deadLetters }: PipelineTopics = names,
): Promise<readonly StoredBatch[]> {
  const batches: StoredBatch[] = [];
  const [end] = await topics.ends(deadLetters);
  for (let offset = 0; offset < (end?.next ?? 0); offset = batches.at(-1)?.next ?? 0) {
    const from = { topic: deadLetters, partition: 0, offset };
    batches.push(...(await topics.read(from, { maxBytes: 1024 * 1024 })));
  }
  return batches;
}
