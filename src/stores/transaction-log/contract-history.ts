// History, coverage, retention and opening again.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import {
  type ContractPart,
  covered,
  expectSeen,
  hasCode,
  nameOf,
  testsWithLog,
  together,
} from './contract-place.ts';
import { aBlock, aChain, madeTime, writeBlock } from './made-blocks.ts';
import type { FinalBlock } from './port.ts';

export function historyContract({ name, make, expiresByItself = false }: ContractPart): void {
  const withLog = testsWithLog(make);

  describe(`${name}: history and coverage`, together, () => {
    withLog('appended blocks are covered once they are flushed, and again is the same', async (log) => {
      const chain = aChain(10, 29);
      await log.appendFinal(chain.slice(0, 12));
      await log.appendFinal(chain.slice(8));
      await log.flush();
      assert.equal(log.bufferedBytes(), 0);
      await log.appendFinal(chain);
      await log.flush();
      assert.deepEqual(await log.coverage(), [covered(10, 29)]);
      const { blocks, transactions } = await log.size();
      assert.deepEqual({ blocks, transactions }, { blocks: 20, transactions: 40 });
      for (const made of chain) await expectSeen(log, made, 'final');
    });

    withLog('coverage keeps gaps, and joins when they are filled', async (log) => {
      const chain = aChain(1, 30);
      await log.appendFinal(chain.slice(20, 30));
      await log.flush();
      await log.appendFinal([...chain.slice(0, 5), ...chain.slice(10, 15)]);
      await log.flush();
      assert.deepEqual(await log.coverage(), [covered(1, 5), covered(11, 15), covered(21, 30)]);
      for (const [at, made] of chain.slice(15, 20).entries()) await writeBlock(log, made, 'new', at + 1);
      assert.equal((await log.coverage()).length, 3, 'new blocks cover nothing');
      for (const [at, made] of chain.slice(15, 20).entries()) {
        await log.setCanonical({ ...nameOf(made), state: 'final', sequence: 10 + at });
      }
      assert.deepEqual(await log.coverage(), [covered(1, 5), covered(11, 30)]);
      await log.appendFinal(chain.slice(4, 12));
      await log.flush();
      assert.deepEqual(await log.coverage(), [covered(1, 30)]);
    });

    withLog('neighbours that are not parent and child are not one run', async (log) => {
      await log.appendFinal([aBlock({ number: 1 }), aBlock({ number: 2, fork: 'other' })]);
      await log.flush();
      assert.deepEqual(await log.coverage(), [covered(1, 1), covered(2, 2)]);
    });

    withLog('history and live may hold the same blocks', async (log) => {
      const chain = aChain(1, 12);
      for (const [at, made] of chain.slice(5).entries()) await writeBlock(log, made, 'new', at + 1);
      for (const [at, made] of chain.slice(5, 9).entries()) {
        await log.setCanonical({ ...nameOf(made), state: 'final', sequence: 20 + at });
      }
      await log.appendFinal(chain);
      await log.flush();
      for (const [at, made] of chain.entries()) await writeBlock(log, made, 'final', 40 + at);
      assert.deepEqual(await log.coverage(), [covered(1, 12)]);
      assert.equal((await log.size()).transactions, 24);
      for (const made of chain) await expectSeen(log, made, 'final');
    });

    withLog('history that contradicts a final block is refused, and the block stays', async (log) => {
      const chain = aChain(1, 4);
      await log.appendFinal(chain);
      await log.flush();
      const other = aBlock({ number: 3, fork: 'other' });
      await assert.rejects(log.appendFinal([other]), hasCode('FinalizedContradiction'));
      await assert.rejects(writeBlock(log, other, 'final', 5), hasCode('FinalizedContradiction'));
      await log.flush();
      await expectSeen(log, chain[2] as FinalBlock, 'final');
    });

    if (!expiresByItself) expiry(withLog);

    withLog('everything is there after opening again', async (log, place) => {
      const chain = aChain(1, 20);
      await log.appendFinal(chain.slice(0, 15));
      await log.flush();
      for (const [at, made] of chain.slice(15).entries()) await writeBlock(log, made, 'new', at + 1);
      await log.setCanonical({ ...nameOf(chain[15] as FinalBlock), state: 'final', sequence: 9 });
      await log.close();
      const again = await place.open();
      try {
        assert.deepEqual(await again.coverage(), [covered(1, 16)]);
        for (const made of chain) await expectSeen(again, made, made.block.number <= 16 ? 'final' : 'new');
        await again.setCanonical({ ...nameOf(chain[19] as FinalBlock), state: 'undone', sequence: 1 });
        assert.ok(await again.block(20), 'the sequence is remembered');
      } finally {
        await again.close();
      }
    });
  });
}

function expiry(withLog: ReturnType<typeof testsWithLog>): void {
  withLog('what is too old goes, what is left stays whole', async (log) => {
    const chain = aChain(1, 40);
    await log.appendFinal(chain.slice(0, 30));
    await log.flush();
    for (const [at, made] of chain.slice(30).entries()) await writeBlock(log, made, 'new', at + 1);
    const undone = aBlock({ number: 35, fork: 'undone' });
    await writeBlock(log, undone, 'undone', 50);
    const before = await log.size();
    const gone = await log.expire(madeTime(36));
    assert.ok(gone >= 30 && gone <= 35, `${gone} blocks went`);
    const { blocks } = await log.size();
    assert.equal(before.blocks - blocks, gone);
    for (const made of chain.slice(35)) await expectSeen(log, made, 'new');
    assert.equal(await log.block(1), undefined);
    assert.equal(await log.transaction(chain[0]?.transactions[0]?.hash ?? ''), undefined);
    assert.deepEqual(await log.coverage(), []);
    assert.equal(await log.expire(madeTime(36)), 0);
  });
}
