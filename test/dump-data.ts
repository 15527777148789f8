// All that a data folder holds of a chain and its results, read back through the ports, in one canonical form: what a
// disturbed run is compared by with an undisturbed one.

import { systemClock } from '../src/clock.ts';
import { openEmbeddedStores } from '../src/data-folder/embedded-stores.ts';
import { lockFolder } from '../src/data-folder/lock.ts';
import { silentLogger } from '../src/logger.ts';
import type { Row } from '../src/stores/transaction-log/columns.ts';

export interface Dump {
  /** Final blocks by number, each with its transactions and logs. */
  readonly blocks: ReadonlyMap<
    number,
    { readonly block: Row; readonly transactions: readonly Row[]; readonly logs: readonly Row[] }
  >;
  /** Rows by table, as JSON texts in sorted order. */
  readonly results: ReadonlyMap<string, readonly string[]>;
  readonly coverage: readonly { readonly from: number; readonly to: number }[];
}

export async function dumpData(folder: string): Promise<Dump> {
  const lock = lockFolder(folder);
  const stores = await openEmbeddedStores({ folder, clock: systemClock, logger: silentLogger });
  try {
    const coverage = (await stores.log.coverage()).map(({ from, to }) => ({ from, to }));
    const blocks = new Map<number, { block: Row; transactions: readonly Row[]; logs: readonly Row[] }>();
    for (const range of coverage) {
      for (const block of await stores.log.blocks({ range, limit: 100_000 })) {
        blocks.set(block.number, {
          block: ordered(block),
          transactions: (await stores.log.transactionsOfBlock(block.hash)).map(ordered),
          logs: (await stores.log.logsOfBlock(block.hash)).map(ordered),
        });
      }
    }
    const results = new Map<string, readonly string[]>();
    for (const table of await stores.results.tables()) {
      const rows = await stores.results.read(table, {});
      results.set(
        `${table.owner}.${table.name}`,
        rows.map(({ windowStart, values }) => JSON.stringify([windowStart, ...values])).sort(),
      );
    }
    return { blocks, results, coverage };
  } finally {
    await stores.close();
    lock.release();
  }
}

/** Columns by name, without nulls: absent and null are the same. */
function ordered(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([, value]) => value !== null && value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
