// A status for tests: a pipeline in the middle of its backfill, with whatever the test is about put over it.

import type { PipelineStatus } from '../../status/pipeline-status.ts';

const headTime = 1_689_258_935;

export function aStatus(over: Partial<PipelineStatus> = {}): PipelineStatus {
  return {
    pipeline: 'mainnet',
    chainId: 1,
    endpoints: ['http://127.0.0.1:8545/***'],
    startedAt: headTime * 1000 - 80_000,
    now: headTime * 1000 + 12_000,
    state: 'running',
    head: { number: 17_686_132, hash: `0x${'ab'.repeat(32)}`, timestamp: headTime },
    finalized: { number: 17_686_129, hash: `0x${'cd'.repeat(32)}`, timestamp: headTime - 36 },
    start: 17_686_110,
    stages: [
      {
        name: 'streamer',
        height: 17_686_132,
        lag: { blocks: 0 },
        transactionsPerSecond: 1234.4,
        transactions: 4416,
        bufferedBytes: 1_572_864,
      },
      {
        name: 'recorder',
        height: 17_686_130,
        lag: { blocks: 2, records: 311 },
        transactionsPerSecond: 1100,
        transactions: 4100,
        bufferedBytes: 0,
        detail: 'history 17,686,110 to 17,686,120',
      },
      { name: 'processor', lag: {}, transactionsPerSecond: 0, transactions: 0, bufferedBytes: 0 },
    ],
    coverage: {
      intervals: [{ from: 17_686_110, to: 17_686_119 }],
      blocksWanted: 20,
      blocksCovered: 10,
      etaSeconds: 75,
    },
    reorgs: { count: 1, deepest: 3, last: { depth: 3, at: headTime * 1000 } },
    log: { blocks: 21, transactions: 4100, logs: 9100, bytes: 3_355_443 },
    topics: { records: 18_000, bytes: 12_582_912 },
    processors: [
      {
        name: 'gas-by-minute',
        owner: 'cluster',
        table: 'gas_by_minute',
        state: 'running',
        windowsDone: 2,
        newestWindow: 1_689_258_780,
        openWindow: { start: 1_689_258_840, end: 1_689_258_900 },
      },
      {
        name: 'transfers-by-token',
        owner: 'cluster',
        table: 'transfers_by_token',
        state: 'waiting',
        windowsDone: 1,
      },
    ],
    memory: { rssBytes: 327_155_712 },
    ...over,
  };
}
