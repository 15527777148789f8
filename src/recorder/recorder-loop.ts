// What the three loops of the recorder share: the log, and what to do with a record that is late, lost or none of ours.

import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { StoredBatch } from '../stores/topics/port.ts';
import type { BlockRow } from '../stores/transaction-log/columns.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';

export interface RecorderLoop {
  readonly log: { readonly store: TransactionLog; readonly changed: () => void };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Has the group of the rows, whoever its members are, taken and committed everything that is on its topics? */
  readonly rowsAllTaken: () => Promise<boolean>;
  /** The position of history's group, whoever its members are, per partition that has one. */
  readonly historyCommitted: () => Promise<ReadonlyMap<number, number>>;
  /** Is a block of this time (Unix seconds) beyond the retention already? */
  readonly expired: (time: number) => boolean;
  /** Parks a record that is none of ours; resolves when it is there. */
  readonly foreign: (batch: StoredBatch, reason: string) => Promise<void>;
  /** A position that the topic lost is noted; history brings the blocks again. */
  readonly onGap: (poll: Promise<readonly StoredBatch[]>) => Promise<readonly StoredBatch[]>;
  /** A block that `expired` says is too old, once each. */
  readonly onExpired: (block: { readonly number: number }) => void;
  readonly onBlock: (block: BlockRow) => void;
}
