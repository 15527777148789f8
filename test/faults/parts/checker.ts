// Reads the stores back and compares them with the node's own answers: what is lost, what is there twice.

import type { Results, ResultTable } from '../../../src/stores/results/port.ts';
import type { TransactionLog } from '../../../src/stores/transaction-log/port.ts';
import { expectedResults } from '../../expected-results.ts';
import { type Answered, askBlock } from './node-answers.ts';
import { createTally, type Verdict } from './tally.ts';
import { liveProcessors } from './world.ts';

export interface Checker {
  /** Transactions and logs of final blocks up to `last`: those that were not checked before, or all `again`. */
  checkLog(last: number, options?: { readonly again: boolean }): Promise<Verdict>;
  /** All result rows of the windows that blocks first..last close. */
  checkResults(last: number): Promise<Verdict>;
}

const liveTables = new Set(liveProcessors.map(({ name }) => `cluster.${name.replaceAll('-', '_')}`));

export function createChecker(deps: {
  readonly url: string;
  readonly log: TransactionLog;
  readonly results: Results;
  readonly first: number;
  /** Window of the processors, seconds. */
  readonly window: number;
}): Checker {
  const { url, log, results, window } = deps;
  const answers = new Map<number, Answered>();
  let next = deps.first;

  const answerTo = async (number: number): Promise<Answered> => {
    const known = answers.get(number) ?? (await askBlock(url, number));
    answers.set(number, known);
    return known;
  };

  return {
    checkLog: async (last, { again } = { again: false }) => {
      const tally = createTally();
      if (again) next = deps.first;
      for (; next <= last; next++) {
        const { block, receipts } = await answerTo(next);
        const stored = await log.block(next);
        if (stored?.hash !== block.hash || stored.state !== 'final') {
          tally.lost(
            `block ${next}: the log has ${stored?.hash ?? 'none'} ${stored?.state ?? ''}, the node ${block.hash}`,
          );
        }
        tally.compare(
          `transactions of ${next}`,
          (await log.transactionsOfBlock(block.hash)).map(({ hash }) => hash),
          block.transactions.map(({ hash }) => hash),
        );
        tally.compare(
          `logs of ${next}`,
          (await log.logsOfBlock(block.hash)).map((row) => `${row.log_index} ${row.address}`),
          receipts.flatMap((receipt) =>
            receipt.logs.map((each) => `${Number(each.logIndex)} ${each.address}`),
          ),
        );
        for (const at of [0, block.transactions.length - 1]) {
          const hash = block.transactions[at]?.hash;
          if (hash !== undefined && (await log.transaction(hash))?.block_hash !== block.hash)
            tally.lost(`transaction ${hash} of block ${next} is not found by its hash`);
        }
      }
      return tally.verdict();
    },
    checkResults: async (last) => {
      const tally = createTally();
      const blocks: Answered[] = [];
      for (let number = deps.first; number <= last; number++) blocks.push(await answerTo(number));
      const chain = {
        blocks: blocks.map(({ block }) => block),
        receipts: new Map(blocks.map(({ block, receipts }) => [block.hash, receipts])),
      };
      const expected = expectedResults(chain, window);
      const tables = new Map(
        (await results.tables()).map((table) => [`${table.owner}.${table.name}`, table]),
      );
      for (const [name, rows] of expected) {
        const table = tables.get(name);
        const through = Math.max(...rows.map((row) => (JSON.parse(row) as [number])[0])) + window;
        tally.compare(name, table ? await finalRows(results, table, through) : [], rows);
        if (!liveTables.has(`${name}_live`)) continue;
        const live = tables.get(`${name}_live`);
        tally.compare(`${name}_live`, live ? await finalRows(results, live, through) : [], rows);
      }
      return tally.verdict();
    },
  };
}

async function finalRows(results: Results, table: ResultTable, to: number): Promise<readonly string[]> {
  const rows = (await results.read(table, { to })).filter(({ provisional }) => !provisional);
  return rows.map(({ windowStart, values }) => JSON.stringify([windowStart, ...values]));
}
