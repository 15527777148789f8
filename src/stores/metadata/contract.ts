// What every adapter of the metadata port must do, as tests over the port alone. Call it with a way to open the adapter:
// each test has its own users and owners, so that one server can serve them all. The audit trail is read by time alone:
// each test of it gets a store of its own.

import { test } from 'node:test';
import type { Contract, OpenMetadata } from './contract.fixture.ts';
import { auditContract } from './contract-audit.ts';
import { queriesContract } from './contract-queries.ts';
import { subscriptionsContract } from './contract-subscriptions.ts';
import { tokensContract } from './contract-tokens.ts';
import { usersContract } from './contract-users.ts';

export function metadataContract(name: string, open: OpenMetadata): void {
  const contract: Contract = (what, run) =>
    test(`${name}: ${what}`, { timeout: 60_000 }, async (t) => run(await open(t)));
  usersContract(contract);
  tokensContract(contract);
  subscriptionsContract(contract);
  queriesContract(contract);
  auditContract(contract);
}
