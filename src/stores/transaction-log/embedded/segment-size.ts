// How large segments become. Large enough that a day of mainnet is some dozen of them (each look-up by hash or address
// asks every index), small enough that one is staged within DuckDB's limit and sealed in a second or two.

export interface SegmentSize {
  /** A segment is sealed once it has this many of any of these: transactions, bytes of rows, blocks. */
  readonly transactions: number;
  readonly bytes: number;
  readonly blocks: number;
  /** What a flush leaves below this many transactions and an eighth of the bytes waits among the recent blocks. */
  readonly least: number;
}

export const DEFAULT_SEGMENT_SIZE: SegmentSize = {
  transactions: 50_000,
  bytes: 96 * 1024 * 1024,
  blocks: 20_000,
  least: 5_000,
};

export interface Amount {
  readonly blocks: number;
  readonly transactions: number;
  readonly bytes: number;
}

export const NOTHING: Amount = { blocks: 0, transactions: 0, bytes: 0 };

export function plus(a: Amount, b: Amount): Amount {
  return {
    blocks: a.blocks + b.blocks,
    transactions: a.transactions + b.transactions,
    bytes: a.bytes + b.bytes,
  };
}

export function isFull(amount: Amount, size: SegmentSize): boolean {
  return (
    amount.transactions >= size.transactions || amount.bytes >= size.bytes || amount.blocks >= size.blocks
  );
}

export function isTiny(amount: Amount, size: SegmentSize): boolean {
  return amount.transactions < size.least && amount.bytes < size.bytes / 8 && amount.blocks < size.blocks;
}
