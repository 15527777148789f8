import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../clock.ts';
import { silentLogger } from '../../../logger.ts';
import { transactionLogContract } from '../contract.ts';
import type { LogPlace } from '../contract-place.ts';
import { openEmbeddedTransactionLog } from './open.ts';
import { DEFAULT_SEGMENT_SIZE, type SegmentSize } from './segment-size.ts';

const place = (segmentSize: SegmentSize) => async (): Promise<LogPlace> => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  return {
    open: () => openEmbeddedTransactionLog({ folder, clock: systemClock, logger: silentLogger, segmentSize }),
    remove: () => rm(folder, { recursive: true }),
  };
};

// Everything stays among the recent blocks; nearly everything is in segments, several to each test.
transactionLogContract('embedded, recent', place(DEFAULT_SEGMENT_SIZE));
transactionLogContract(
  'embedded, segments',
  place({ transactions: 24, bytes: 1 << 20, blocks: 8, least: 0 }),
);
