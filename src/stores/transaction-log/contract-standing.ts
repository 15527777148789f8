// Where blocks stand: new, undone, final, whoever says it and in whatever order.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import {
  type ContractPart,
  expectSeen,
  expectUnseen,
  hasCode,
  nameOf,
  testsWithLog,
  together,
} from './contract-place.ts';
import { aBlock, aChain, writeBlock, writeRows } from './made-blocks.ts';
import type { CanonicalEntry, FinalBlock } from './port.ts';

export function standingContract({ name, make }: ContractPart): void {
  const withLog = testsWithLog(make);

  describe(`${name}: where blocks stand`, together, () => {
    withLog('a block is seen once it is new, and stays seen once it is final', async (log) => {
      const made = aBlock({ number: 7 });
      await writeRows(log, made);
      assert.equal(await log.block(7), undefined, 'rows alone make nothing canonical');
      await log.setCanonical({ ...nameOf(made), state: 'new', sequence: 1 });
      await expectSeen(log, made, 'new');
      await log.setCanonical({ ...nameOf(made), state: 'final', sequence: 2 });
      await expectSeen(log, made, 'final');
    });

    withLog('writing again writes the same, also by two writers at once', async (log) => {
      const chain = aChain(1, 5);
      const twice = async () => {
        for (const [at, made] of chain.entries()) await writeBlock(log, made, 'new', at + 1);
      };
      await Promise.all([twice(), twice()]);
      await twice();
      const { blocks, transactions, logs } = await log.size();
      assert.deepEqual({ blocks, transactions, logs }, { blocks: 5, transactions: 10, logs: 10 });
      for (const made of chain) await expectSeen(log, made, 'new');
    });

    withLog('nothing becomes canonical before all of its rows are there', async (log) => {
      const made = aBlock({ number: 3, transactions: 4 });
      const standsNew = () => log.setCanonical({ ...nameOf(made), state: 'new', sequence: 1 });
      await assert.rejects(standsNew(), hasCode('RowsMissing'));
      await log.writeBlock(made.block);
      await log.writeTransactions(made.block, made.transactions);
      await assert.rejects(standsNew(), hasCode('RowsMissing'));
      await log.writeLogs(made.block, made.logs.slice(1));
      await assert.rejects(standsNew(), hasCode('RowsMissing'));
      assert.equal(await log.block(3), undefined);
      await log.writeLogs(made.block, made.logs);
      await standsNew();
      await expectSeen(log, made, 'new');
    });

    withLog('an undone block is not seen, a redone one is', async (log) => {
      const a = aBlock({ number: 2, fork: 'a' });
      const b = aBlock({ number: 2, fork: 'b' });
      await writeBlock(log, a, 'new', 1);
      await log.setCanonical({ ...nameOf(a), state: 'undone', sequence: 2 });
      await expectUnseen(log, a);
      await writeBlock(log, b, 'new', 3);
      await expectSeen(log, b, 'new');
      await expectUnseen(log, a);
      await log.setCanonical({ ...nameOf(b), state: 'undone', sequence: 4 });
      await log.setCanonical({ ...nameOf(a), state: 'new', sequence: 5 });
      await expectSeen(log, a, 'new');
      await expectUnseen(log, b);
    });

    withLog('the greatest sequence decides, in whatever order entries arrive', async (log) => {
      const a = aBlock({ number: 2, fork: 'a' });
      const b = aBlock({ number: 2, fork: 'b' });
      await Promise.all([writeRows(log, a), writeRows(log, b)]);
      const entries = [
        { ...nameOf(a), state: 'new', sequence: 1 },
        { ...nameOf(a), state: 'undone', sequence: 2 },
        { ...nameOf(b), state: 'new', sequence: 3 },
      ] as const;
      await Promise.all(entries.toReversed().map((entry) => log.setCanonical(entry)));
      await expectSeen(log, b, 'new');
      // A writer that wakes up late repeats what it knew.
      for (const entry of entries.slice(0, 2)) await log.setCanonical(entry);
      await expectSeen(log, b, 'new');
      await expectUnseen(log, a);
    });

    withLog('nothing replaces a final block', async (log) => {
      const a = aBlock({ number: 2, fork: 'a' });
      const b = aBlock({ number: 2, fork: 'b' });
      await writeBlock(log, a, 'final', 1);
      await log.setCanonical({ ...nameOf(a), state: 'undone', sequence: 9 });
      await writeBlock(log, b, 'new', 10);
      await log.setCanonical({ ...nameOf(a), state: 'final', sequence: 11 });
      await expectSeen(log, a, 'final');
      await expectUnseen(log, b);
      await assert.rejects(writeBlock(log, b, 'final', 12), (error: unknown) => {
        assert.ok(isMillraceError(error, 'FinalizedContradiction'));
        assert.deepEqual(error.fields, { number: 2, recorded: a.block.hash, offered: b.block.hash });
        return true;
      });
      await expectSeen(log, a, 'final');
    });

    withLog('a value that does not fit is named, and nothing of its block is stored', async (log) => {
      const made = aBlock({ number: 1 });
      const bad = {
        ...made,
        transactions: made.transactions.map((row) => ({ ...row, value: '9'.repeat(39) })),
      };
      await assert.rejects(log.writeTransactions(bad.block, bad.transactions), (error: unknown) => {
        assert.ok(isMillraceError(error, 'ValueOutOfRange'));
        assert.equal(error.fields.column, 'transactions.value');
        return true;
      });
      await assert.rejects(log.appendFinal([bad]), hasCode('ValueOutOfRange'));
      await log.flush();
      assert.equal(log.bufferedBytes(), 0);
      assert.equal((await log.size()).blocks, 0);
      assert.deepEqual(await log.coverage(), []);
    });

    withLog('a random history, told by two writers in any order, ends at its last word', async (log) => {
      const seed = Date.now() % 2_147_483_647;
      const random = randomNumbers(seed);
      const numbers = [1, 2, 3, 4, 5, 6];
      const made = numbers.flatMap((number) => ['a', 'b', 'c'].map((fork) => aBlock({ number, fork })));
      await Promise.all(made.map((block) => writeRows(log, block)));
      const entries: CanonicalEntry[] = Array.from({ length: 120 }, (_, sequence) => ({
        ...nameOf(made[random(made.length)] as FinalBlock),
        state: random(3) === 0 ? 'undone' : 'new',
        sequence: sequence + 1,
      }));
      const told = [...entries, ...entries].sort(() => random(3) - 1);
      await Promise.all(told.map((entry) => log.setCanonical(entry)));
      for (const number of numbers) {
        const last = entries.findLast((entry) => entry.number === number);
        const expected = last?.state === 'new' ? last.hash : undefined;
        assert.equal((await log.block(number))?.hash, expected, `block ${number}, seed ${seed}`);
      }
    });
  });
}

/** A small generator, so that a failure can be repeated from its seed. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed || 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}
