// The status as fields of one structured line, for when there is no terminal: flat, numbers as numbers.

import type { PipelineStatus } from '../../status/pipeline-status.ts';

export type StatusFields = Readonly<Record<string, string | number>>;

/** Figures that are not known are left out. */
export function statusLine(status: PipelineStatus): StatusFields {
  const fields: Record<string, string | number | undefined> = {
    pipeline: status.pipeline,
    state: status.state,
    problem: status.problem,
    head: status.head?.number,
    finalized: status.finalized?.number,
    blocks_covered: status.coverage.blocksCovered,
    blocks_wanted: status.coverage.blocksWanted,
    eta_s: status.coverage.etaSeconds,
    reorgs: status.reorgs.count,
    log_transactions: status.log.transactions,
    windows_done: status.processors.reduce((sum, processor) => sum + processor.windowsDone, 0),
    rss_bytes: status.memory.rssBytes,
  };
  for (const stage of status.stages) {
    fields[`${stage.name}_height`] = stage.height;
    fields[`${stage.name}_lag_blocks`] = stage.lag.blocks;
    fields[`${stage.name}_lag_records`] = stage.lag.records;
    fields[`${stage.name}_tx_per_s`] = stage.transactionsPerSecond && Math.round(stage.transactionsPerSecond);
    fields[`${stage.name}_buffered_bytes`] = stage.bufferedBytes;
  }
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}
