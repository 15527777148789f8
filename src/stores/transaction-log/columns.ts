// The columns of the transaction log, once: what records on the topics carry, what the log keeps, what SQL sees.
// Names are ethereum-etl's. In JSON an absent field is null, `int` and `timestamp` are numbers, everything else
// is a string: `bigint` and `wei` as decimal text, `json` as JSON text.

export type ColumnType =
  /** A JavaScript-safe integer; BIGINT in SQL. */
  | 'int'
  /** A 64-bit signed integer as decimal text; BIGINT in SQL. */
  | 'bigint'
  /** Wei of the native coin as decimal text; DECIMAL(38, 0) in SQL. */
  | 'wei'
  /** Unix seconds; TIMESTAMP (UTC) in SQL. */
  | 'timestamp'
  | 'text'
  | 'json';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

const columns = (text: string): readonly Column[] =>
  text
    .trim()
    .split(/\s*\n\s*/)
    .flatMap((line) => {
      const [type, names] = line.split(/\s*:\s*/) as [ColumnType, string];
      return names.split(/\s+/).map((name) => ({ name, type }));
    });

export const blockColumns = columns(`
  int: number
  text: hash parent_hash
  timestamp: timestamp
  text: miner nonce sha3_uncles logs_bloom transactions_root state_root receipts_root mix_hash
  wei: difficulty total_difficulty
  int: size
  text: extra_data
  bigint: gas_limit gas_used
  wei: base_fee_per_gas
  bigint: blob_gas_used excess_blob_gas
  text: withdrawals_root parent_beacon_block_root requests_hash
  json: withdrawals uncles
  int: transaction_count log_count
  json: extra
`);

export const transactionColumns = columns(`
  text: hash
  bigint: nonce
  text: block_hash
  int: block_number
  timestamp: block_timestamp
  int: transaction_index
  text: from_address to_address
  wei: value
  bigint: gas
  wei: gas_price max_fee_per_gas max_priority_fee_per_gas
  text: input
  int: transaction_type
  wei: max_fee_per_blob_gas
  json: blob_versioned_hashes
  int: receipt_status
  text: receipt_root
  bigint: receipt_gas_used receipt_cumulative_gas_used
  wei: receipt_effective_gas_price
  text: receipt_contract_address
  bigint: receipt_blob_gas_used
  wei: receipt_blob_gas_price
  json: extra
`);

/** As kept. `transfer_value` is the amount of an ERC-20 Transfer as decimal text (uint256), null on other events. */
export const logColumns = columns(`
  text: block_hash
  int: block_number
  timestamp: block_timestamp
  text: transaction_hash
  int: transaction_index log_index
  text: address topic0 topic1 topic2 topic3 data transfer_value
  json: extra
`);

export const tableColumns = {
  blocks: blockColumns,
  transactions: transactionColumns,
  logs: logColumns,
} as const;
export type LogTable = keyof typeof tableColumns;

export type RowValue = string | number | null | undefined;
/** A row by column name; absent is null. */
export type Row = Readonly<Record<string, RowValue>>;

export interface BlockRow extends Row {
  readonly number: number;
  readonly hash: string;
  readonly parent_hash: string;
  readonly timestamp: number;
  readonly transaction_count: number;
  readonly log_count: number;
}

export interface TransactionRow extends Row {
  readonly hash: string;
  readonly block_hash: string;
  readonly block_number: number;
  readonly block_timestamp: number;
  readonly transaction_index: number;
  readonly from_address: string;
  readonly to_address?: string | null;
}

export interface LogRow extends Row {
  readonly block_hash: string;
  readonly block_number: number;
  readonly block_timestamp: number;
  readonly transaction_hash: string;
  readonly transaction_index: number;
  readonly log_index: number;
  readonly address: string;
}
