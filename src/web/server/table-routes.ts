// What a query can read: the tables of the log, the transfers seen in it, the result tables, with their columns.

import type { FastifyInstance } from 'fastify';
import { resultTableName } from '../../batch-engine/result-tables.ts';
import type { Results, ResultType } from '../../stores/results/port.ts';
import {
  blockColumns,
  type Column,
  type ColumnType,
  logColumns,
  transactionColumns,
} from '../../stores/transaction-log/columns.ts';
import { about } from './about.ts';
import type { QueryTablesAnswer } from './answers.ts';
import type { Callers } from './callers.ts';

type Table = QueryTablesAnswer['tables'][number];

const logTypes: Readonly<Record<ColumnType, string>> = {
  int: 'BIGINT',
  bigint: 'BIGINT',
  wei: 'DECIMAL(38, 0)',
  timestamp: 'TIMESTAMP',
  text: 'VARCHAR',
  json: 'JSON text',
};
const resultTypes: Readonly<Record<ResultType, string>> = {
  integer: 'BIGINT',
  decimal: 'exact number',
  double: 'DOUBLE',
  text: 'VARCHAR',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP',
  date: 'DATE',
};

const logTables: readonly Table[] = [
  { name: 'blocks', columns: blockColumns.map(described) },
  { name: 'transactions', columns: transactionColumns.map(described) },
  {
    name: 'logs',
    columns: [
      // An amount is read in `transfers`.
      ...logColumns.filter(({ name }) => name !== 'transfer_value').map(described),
      { name: 'topics', type: 'VARCHAR[]' },
    ],
  },
  {
    name: 'transfers',
    columns: [
      ...['token_address', 'from_address', 'to_address'].map((name) => ({ name, type: 'VARCHAR' })),
      { name: 'value', type: 'uint256' },
      ...['transaction_hash', 'transaction_index', 'log_index', 'block_number', 'block_hash']
        .concat('block_timestamp')
        .flatMap((name) => logColumns.filter((column) => column.name === name).map(described)),
    ],
  },
];

const leanTables = logTables.filter(({ name }) => name !== 'logs' && name !== 'transfers');

export function routeTables(
  app: FastifyInstance,
  options: {
    readonly results: Results;
    readonly callers: Callers;
    /** Blocks are recorded with their logs. */
    readonly logs: boolean;
  },
): void {
  const { results, callers, logs } = options;
  app.get(
    '/api/tables',
    about('What the caller’s SQL can read, with its columns', { caller: 'owner' }),
    async (request): Promise<QueryTablesAnswer> => {
      const readable = await callers.readable(request);
      const known = (await results.tables()).filter(({ owner }) => readable(owner));
      const tables = known.map((table) => ({
        name: resultTableName(table),
        columns: [
          { name: 'window_start', type: resultTypes.timestamp },
          ...table.columns.map(({ name, type }) => ({ name, type: resultTypes[type] })),
        ],
      }));
      return { tables: [...(logs ? logTables : leanTables), ...tables] };
    },
  );
}

function described({ name, type }: Column) {
  return { name, type: logTypes[type] };
}
