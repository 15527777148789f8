// Run by crash.test.ts as a process of its own, to be killed at any moment: writes the blocks of two made chains, by
// both ways at once, and says on standard output what was acknowledged.

import { writeSync } from 'node:fs';
import { systemClock } from '../../../clock.ts';
import { silentLogger } from '../../../logger.ts';
import { aChain, writeBlock } from '../made-blocks.ts';
import { openEmbeddedTransactionLog } from './open.ts';

export const LIVE_FROM = 10_001;
export const SEGMENT_SIZE = { transactions: 40, bytes: 1 << 20, blocks: 12, least: 10 };

if (import.meta.main) {
  const folder = String(process.argv[2]);
  const log = await openEmbeddedTransactionLog({
    folder,
    clock: systemClock,
    logger: silentLogger,
    segmentSize: SEGMENT_SIZE,
  });
  const coverage = await log.coverage();
  const end = (from: number) => coverage.find((run) => run.from <= from && from <= run.to)?.to ?? from - 1;
  const acknowledge = (to: number) => writeSync(1, `${to}\n`);
  const history = async () => {
    for (let from = end(1) + 1; ; from += 7) {
      await log.appendFinal(aChain(from, from + 6));
      if (from % 2 === 0) continue;
      await log.flush();
      acknowledge(from + 6);
    }
  };
  const live = async () => {
    for (let number = end(LIVE_FROM) + 1; ; number++) {
      for (const made of aChain(number, number)) await writeBlock(log, made, 'final', number);
      acknowledge(number);
    }
  };
  await Promise.all([history(), live()]);
}
