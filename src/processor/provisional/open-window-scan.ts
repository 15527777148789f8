// An open window as the batch engine reads it: its beginning from the log, where it is final, and its newest blocks from
// the topics, in the order of the chain. A block whose rows are not kept is read from the log by its hash, and must be
// whole there.

import { MillraceError } from '../../errors.ts';
import type { LogTable, Row } from '../../stores/transaction-log/columns.ts';
import type { LogScan, TimeRange, TransactionLog } from '../../stores/transaction-log/port.ts';
import { transferValue } from '../../stores/transaction-log/transfer-value.ts';
import type { BlockFacts, TrackedBlock } from './tracked-chain.ts';

export interface OpenWindow {
  readonly window: TimeRange;
  /** The log holds everything before this time, Unix seconds, and it is final; undefined: not needed. */
  readonly finalUntil: number | undefined;
  /** The tracked blocks of the window, from that time on. */
  readonly blocks: readonly TrackedBlock[];
}

/** @throws (while its rows are read) RowsMissing when the log does not have a block yet */
export async function scanOpenWindow(log: TransactionLog, open: OpenWindow): Promise<LogScan> {
  const { window, finalUntil = Number.NEGATIVE_INFINITY, blocks } = open;
  const until = Math.min(finalUntil, window.to);
  const final =
    until > window.from
      ? await log.scan({ time: { from: window.from, to: until }, provisional: false })
      : undefined;
  return {
    files: final?.files ?? { blocks: [], transactions: [], logs: [] },
    filesUntil: until,
    rows: async function* (table) {
      const time = table === 'blocks' ? 'timestamp' : 'block_timestamp';
      for await (const rows of final?.rows(table) ?? [])
        yield rows.filter((row) => Number(row[time]) < until);
      for (const { facts, kept } of blocks) {
        yield kept ? parsed(table, kept[table]) : await recorded(log, facts, table);
      }
    },
    release: async () => final?.release(),
  };
}

function parsed(table: LogTable, values: readonly string[]): readonly Row[] {
  const rows = JSON.parse(`[${values.join(',')}]`) as readonly Row[];
  return table === 'logs' ? rows.map((row) => ({ ...row, transfer_value: transferValue(row) })) : rows;
}

async function recorded(log: TransactionLog, block: BlockFacts, table: LogTable): Promise<readonly Row[]> {
  const { hash } = block;
  const [rows, expected] = await {
    blocks: async () => [[await log.block(hash)].filter((row) => row !== undefined), 1] as const,
    transactions: async () => [await log.transactionsOfBlock(hash), block.transaction_count] as const,
    logs: async () => [await log.logsOfBlock(hash), block.log_count] as const,
  }[table]();
  if (rows.length === expected) return rows;
  throw new MillraceError('RowsMissing', { hash, kind: table, actual: rows.length, expected });
}
