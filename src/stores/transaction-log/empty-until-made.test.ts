import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { type ErrorCode, MillraceError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import { openEmbeddedTransactionLog } from './embedded/open.ts';
import { emptyUntilMade } from './empty-until-made.ts';
import { aChain } from './made-blocks.ts';

test('a log is empty until it is made, and then itself; trouble is told, and looked at again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let now = 1_000;
  let looks = 0;
  let problem: ErrorCode | undefined = 'LogNotMade';
  const log = await emptyUntilMade(
    async () => {
      looks += 1;
      if (problem) throw new MillraceError(problem, { store: 'x', what: 'keyspace', problem: 'away' });
      return openEmbeddedTransactionLog({ folder, clock: systemClock, logger: silentLogger });
    },
    { now: () => now, sleep: systemClock.sleep },
  );
  const [block] = aChain(7, 7);
  assert.ok(block);
  assert.deepEqual(
    [await log.coverage(), await log.bounds(), await log.block(7), await log.newestTransactions(5)],
    [[], undefined, undefined, []],
  );
  await assert.rejects(log.writeBlock(block.block), { code: 'LogNotMade' });
  assert.equal(looks, 1);
  now += 2_000;
  await Promise.all([log.coverage(), log.size()]);
  assert.equal(looks, 2, 'calls at once look once');

  // While its store is away nothing is said to be empty.
  now += 2_000;
  problem = 'StoreUnreachable';
  await assert.rejects(log.coverage(), { code: 'StoreUnreachable' });
  await assert.rejects(log.block(7), { code: 'StoreUnreachable' });

  problem = undefined;
  await log.appendFinal([block]);
  await log.flush();
  assert.equal((await log.block(7))?.hash, block.block.hash);
  assert.deepEqual((await log.size()).transactions, block.transactions.length);
  await log.close();
});
