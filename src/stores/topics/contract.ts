// What every adapter of the topics port must do, as tests over the port alone. Call it with a way to open the adapter:
// each test has its own topics, groups and publishers, so that one server can serve them all.

import { type TestContext, test } from 'node:test';
import type { Contract, TopicsUnderTest } from './contract.fixture.ts';
import { groupsContract } from './contract-groups.ts';
import { recordsContract } from './contract-records.ts';

export type OpenTopics = (t: TestContext) => Promise<TopicsUnderTest>;

export function topicsContract(name: string, open: OpenTopics): void {
  const contract: Contract = (what, run) => {
    test(`${name}: ${what}`, { timeout: 60_000 }, async (t) => run(await open(t)));
  };
  recordsContract(contract);
  groupsContract(contract);
}
