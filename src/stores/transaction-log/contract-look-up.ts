// Looking up made blocks: the odd cases. Ordinary ones: contract-real-blocks.ts.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { LogRow } from './columns.ts';
import {
  type ContractPart,
  expectSeen,
  nameOf,
  rowsOutside,
  testsWithLog,
  together,
} from './contract-place.ts';
import { aBlock, aChain, madeAddress, madeHash, madeTime, writeBlock } from './made-blocks.ts';

export function lookUpContract({ name, make }: ContractPart): void {
  const withLog = testsWithLog(make);

  describe(`${name}: looking up`, together, () => {
    withLog('a transaction mined in two blocks is found in the canonical one', async (log) => {
      const a = aBlock({ number: 2, fork: 'a' });
      const b = aBlock({ number: 3, fork: 'b', remined: a.transactions });
      const hash = a.transactions[0]?.hash ?? '';
      await writeBlock(log, a, 'new', 1);
      assert.equal((await log.transaction(hash))?.block_hash, a.block.hash);
      await log.setCanonical({ ...nameOf(a), state: 'undone', sequence: 2 });
      assert.equal(await log.transaction(hash), undefined);
      await writeBlock(log, b, 'final', 3);
      assert.equal((await log.transaction(hash))?.block_hash, b.block.hash);
      const from = await log.transactionsOfAddress(madeAddress(0), { limit: 10 });
      assert.deepEqual(
        from.map((row) => [row.hash, row.block_hash]),
        [[hash, b.block.hash]],
      );
    });

    withLog('empty blocks and huge ones', async (log) => {
      const empty = aBlock({ number: 1, transactions: 0 });
      const huge = aBlock({ number: 2, transactions: 5_000 });
      const live = aBlock({ number: 3, transactions: 0 });
      await log.appendFinal([empty, huge]);
      await log.flush();
      await writeBlock(log, live, 'new', 1);
      assert.deepEqual(await log.transactionsOfBlock(1), []);
      assert.deepEqual(await log.logsOfBlock(1), []);
      assert.equal((await log.transactionsOfBlock(2)).length, 5_000);
      await expectSeen(log, live, 'new');
      const newest = await log.newestTransactions(3);
      assert.deepEqual(
        newest.map((row) => row.transaction_index),
        [4_999, 4_998, 4_997],
      );
    });

    withLog('what is not there is not found', async (log) => {
      await writeBlock(log, aBlock({ number: 5 }), 'final', 1);
      for (const at of [4, 6, madeHash('nothing'), 'no hash', '']) {
        assert.equal(await log.block(at), undefined);
        assert.deepEqual(await log.transactionsOfBlock(at), []);
        assert.deepEqual(await log.logsOfBlock(at), []);
      }
      for (const hash of [madeHash('nothing'), 'no hash', '']) {
        assert.equal(await log.transaction(hash), undefined);
        assert.deepEqual(await log.logsOfTransaction(hash), []);
        assert.deepEqual(await log.transactionsOfAddress(hash, { limit: 5 }), []);
      }
    });

    withLog('an empty log answers', async (log) => {
      assert.equal(await log.bounds(), undefined);
      assert.equal(await log.newestFinal(), undefined);
      assert.deepEqual(await log.coverage(), []);
      assert.deepEqual(await log.newestTransactions(10), []);
      assert.deepEqual(await log.blocks({ range: { from: 0, to: 1e9 }, limit: 10 }), []);
    });
  });

  describe(`${name}: scans`, () => {
    withLog('a scan sees one moment, whatever is written, sealed or expired meanwhile', async (log) => {
      const chain = aChain(1, 30);
      for (const [at, made] of chain.slice(0, 10).entries()) await writeBlock(log, made, 'new', at + 1);
      const scan = await log.scan({ provisional: true });
      await log.appendFinal(chain);
      await log.flush();
      await log.expire(madeTime(20));
      const rows: readonly LogRow[] = (await rowsOutside(scan, 'logs')) as readonly LogRow[];
      assert.deepEqual(
        rows.map((row) => row.transaction_hash),
        chain.slice(0, 10).flatMap((made) => made.logs.map((row) => row.transaction_hash)),
      );
      await scan.release();
      await scan.release();
    });
  });
}
