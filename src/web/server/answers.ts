// The shapes that the API answers with, shared with the pages (types only). Numbers that can outgrow a JavaScript
// number are decimal text all the way; absent is null.

import type { SubscriptionFilter, SubscriptionTopic } from '../../stores/metadata/port.ts';
import type { FileFormat, Owner, ResultColumn, ResultRow } from '../../stores/results/port.ts';
import type { LogRow } from '../../stores/transaction-log/columns.ts';
import type { BlockEntry, TransactionEntry } from '../../stores/transaction-log/port.ts';

/** A transaction as lists show it. */
export interface TransactionSummary {
  readonly hash: string;
  readonly block_number: number;
  readonly block_hash: string;
  /** Unix seconds. */
  readonly block_timestamp: number;
  readonly transaction_index: number;
  readonly from_address: string;
  /** Null when it creates a contract. */
  readonly to_address: string | null;
  readonly receipt_contract_address: string | null;
  /** Wei, decimal text. */
  readonly value: string;
  /** Wei paid, blobs included; null where the receipt does not say. */
  readonly fee: string | null;
  /** 1 succeeded, 0 failed, null before Byzantium. */
  readonly receipt_status: number | null;
  /** First four bytes of the input, `0x` when it is empty. */
  readonly method: string;
  /** `new` may still be undone; `final` never. */
  readonly state: 'new' | 'final';
}

/** `next` goes into `before` for the page after this one; null on the last. */
export interface TransactionPage {
  readonly transactions: readonly TransactionSummary[];
  readonly next: string | null;
}

export interface TransactionAnswer {
  readonly transaction: TransactionEntry & { readonly fee: string | null };
  /** Null where the pipeline keeps no logs. */
  readonly logs: readonly LogRow[] | null;
}

export interface BlockAnswer {
  readonly block: BlockEntry;
  /** Numbers of the blocks beside it, where the log holds them. */
  readonly previous: number | null;
  readonly next: number | null;
  readonly transactions: readonly TransactionSummary[];
}

export interface AddressAnswer extends TransactionPage {
  readonly address: string;
}

export type SearchAnswer =
  | ({ readonly kind: 'transaction' } & TransactionAnswer)
  | ({ readonly kind: 'block' } & BlockAnswer)
  | ({ readonly kind: 'address' } & AddressAnswer);

export interface ResultTableAnswer {
  readonly owner: Owner;
  readonly name: string;
  readonly processor: string;
  readonly version: number;
  /** Seconds. */
  readonly window: number;
  /** Its windows are one file each, in this format, and it has no rows; null for a table of rows. */
  readonly file: FileFormat | null;
  /** `window_start` first. */
  readonly columns: readonly ResultColumn[];
  readonly progress: { readonly windows: number; readonly newest: number | null; readonly rows: number };
}

export interface ResultTablesAnswer {
  readonly tables: readonly ResultTableAnswer[];
}

export interface ResultRowsAnswer {
  readonly table: ResultTableAnswer;
  /** Newest window first; each row in the order of the table's columns. */
  readonly rows: readonly ResultRow[];
  /** `window_start` of the windows whose rows may still change, ascending: they are not closed yet. */
  readonly provisional: readonly string[];
  /** True when there are more rows than the limit. */
  readonly truncated: boolean;
}

export interface WindowFileAnswer {
  readonly window_start: string;
  readonly rows: number;
  /** Bytes. */
  readonly size: number;
  /** 64 hex digits. */
  readonly sha256: string;
  /** Where its bytes are, from this server's root. */
  readonly href: string;
}

export interface ResultFilesAnswer {
  readonly table: ResultTableAnswer;
  /** Newest window first. */
  readonly files: readonly WindowFileAnswer[];
  /** Goes into `before` for the windows before these; null when there are none. */
  readonly next: number | null;
}

/** What SQL can read, with the types that it has there. */
export interface QueryTablesAnswer {
  readonly tables: readonly {
    /** As in FROM: `blocks`, `cluster.gas_by_hour`. */
    readonly name: string;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
  }[];
}

export interface SavedQueriesAnswer {
  readonly queries: readonly { readonly name: string; readonly sql: string; readonly savedAt: number }[];
}

export interface ErrorAnswer {
  readonly code: string;
  /** What fills the message; absent for a fault inside Millrace. */
  readonly fields?: Readonly<Record<string, string | number>>;
  readonly message: string;
  readonly remedy: string;
}

export interface SubscriptionAnswer {
  readonly name: string;
  readonly topic: SubscriptionTopic;
  readonly filter: SubscriptionFilter | null;
  /** Milliseconds since 1970, like every time here. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
}
