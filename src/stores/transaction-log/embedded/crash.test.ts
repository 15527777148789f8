import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../clock.ts';
import { silentLogger } from '../../../logger.ts';
import { aChain } from '../made-blocks.ts';
import { LIVE_FROM, SEGMENT_SIZE } from './crash-writer.ts';
import { openEmbeddedTransactionLog } from './open.ts';

const KILLS = 6;
const seed = Date.now() % 1_000_000;

test(`killed at any moment, the log opens with what was acknowledged and nothing torn (seed ${seed})`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-crash-'));
  t.after(() => rm(folder, { recursive: true }));
  let random = seed;
  const acknowledged = { history: 0, live: LIVE_FROM - 1 };
  for (let kill = 0; kill < KILLS; kill++) {
    random = (random * 48_271 + 11) % 2_147_483_647;
    // In turn after acknowledgements of either side: the live one makes many more.
    const side = kill % 2 === 0 ? 'live' : 'history';
    const numbers = await writeUntilKilled(folder, side, 1 + (random % (side === 'live' ? 40 : 8)));
    for (const number of numbers) {
      const of = sideOf(number);
      acknowledged[of] = Math.max(acknowledged[of], number);
    }
    await expectWhole(folder, acknowledged);
  }
  assert.ok(acknowledged.history > 0 && acknowledged.live >= LIVE_FROM, 'both writers got somewhere');
});

const sideOf = (number: number) => (number >= LIVE_FROM ? 'live' : 'history');

/** What the process had acknowledged when it was killed: right after the `count`-th acknowledgement of one side. */
async function writeUntilKilled(
  folder: string,
  side: 'live' | 'history',
  count: number,
): Promise<readonly number[]> {
  const program = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const numbers: number[] = [];
  let counted = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    numbers.push(Number(line));
    if (sideOf(Number(line)) === side) counted += 1;
    if (counted === count) child.kill('SIGKILL');
  }
  assert.ok(counted >= count, 'the writer ended by itself');
  return numbers;
}

async function expectWhole(
  folder: string,
  acknowledged: { readonly history: number; readonly live: number },
) {
  const log = await openEmbeddedTransactionLog({
    folder,
    clock: systemClock,
    logger: silentLogger,
    segmentSize: SEGMENT_SIZE,
  });
  try {
    const coverage = await log.coverage();
    assert.ok(coverage.length <= 2, JSON.stringify(coverage));
    const runOf = (from: number) => coverage.find((run) => run.from === from);
    if (acknowledged.history > 0) assert.ok((runOf(1)?.to ?? 0) >= acknowledged.history);
    assert.ok((runOf(LIVE_FROM)?.to ?? LIVE_FROM - 1) >= acknowledged.live);
    let blocks = 0;
    for (const { from, to } of coverage) {
      blocks += to - from + 1;
      for (const number of [from, (from + to) >> 1, to]) {
        const [made] = aChain(number, number);
        assert.equal((await log.block(number))?.hash, made?.block.hash);
        const found = (await log.transactionsOfBlock(number)).map(({ hash }) => hash);
        assert.deepEqual(
          found,
          made?.transactions.map(({ hash }) => hash),
        );
        assert.equal((await log.transaction(String(found[1])))?.block_number, number);
      }
    }
    const size = await log.size();
    assert.deepEqual([size.blocks, size.transactions, size.logs], [blocks, 2 * blocks, 2 * blocks]);
    // Files of segments that were never registered are gone.
    const scan = await log.scan({ provisional: false });
    await scan.release();
    assert.equal((await readdir(join(folder, 'segments'))).length, 4 * scan.files.blocks.length);
  } finally {
    await log.close();
  }
}
