// What every adapter of the results port must do, as tests over the port alone. Call it with a way to open the adapter:
// each test has its own owners, so that one server can serve them all.

import { type TestContext, test } from 'node:test';
import type { Contract, ResultsUnderTest } from './contract.fixture.ts';
import { filesContract } from './contract-files.ts';
import { provisionalContract } from './contract-provisional.ts';
import { tablesContract } from './contract-tables.ts';
import { windowsContract } from './contract-windows.ts';

export type OpenResults = (t: TestContext) => Promise<ResultsUnderTest>;

export function resultsContract(name: string, open: OpenResults): void {
  const contract: Contract = (what, run) => {
    test(`${name}: ${what}`, { timeout: 60_000 }, async (t) => run(await open(t)));
  };
  tablesContract(contract);
  windowsContract(contract);
  provisionalContract(contract);
  filesContract(contract);
}
