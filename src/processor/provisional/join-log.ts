// Where the log takes over from the tracked blocks: everything before the first of them must be final there, and linked
// to it. What the topic no longer has and the log does not yet call final is seeded from the log, block by block.

import type { Coverage, TransactionLog } from '../../stores/transaction-log/port.ts';
import { blockFacts, type TrackedChain } from './tracked-chain.ts';

/** Most blocks that are seeded at a time. */
const seedsAtOnce = 10_000;

/** The run of final blocks that goes up to the first tracked block; undefined while the log has no such run. */
export async function joinLog(
  chain: TrackedChain,
  log: TransactionLog,
  coverage: readonly Coverage[],
  onSeed: (time: number) => void,
): Promise<Coverage | undefined> {
  for (let seeds = 0; seeds < seedsAtOnce; seeds++) {
    const first = chain.blocks[0]?.facts;
    if (!first || first.number === 0) return undefined;
    const parent = await log.block(first.parent_hash);
    if (!parent) return undefined;
    const { number, timestamp } = parent;
    const run = coverage.find(({ from, to }) => from <= number && number <= to);
    // Blocks of the same second stay together: the log is read up to a time.
    if (parent.state === 'final' && run && timestamp < first.timestamp) return run;
    chain.seed(blockFacts(parent));
    onSeed(timestamp);
  }
  return undefined;
}
