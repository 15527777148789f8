// A processor: SQL over windows.

import { Type } from 'typebox';
import { durationPattern } from '../duration.ts';
import { filesFromTheLog, sparkFromTheLog, sparkIntoTables } from '../rules.ts';
import { name, object } from './fields.ts';

const processor = object(
  {
    name: name('Names the processor and its table (with _ for -).', { length: 50, example: 'gas-by-hour' }),
    source: Type.Enum(['log', 'topic'], {
      default: 'log',
      description:
        'log: windows run once they are final. topic: also the open window, provisionally, as blocks arrive and are undone.',
    }),
    window: Type.String({
      maxLength: 10,
      pattern: durationPattern,
      description: 'Length of a window of block time, aligned to UTC.',
      examples: ['1h'],
    }),
    owner: Type.String({
      default: 'cluster',
      maxLength: 45,
      pattern: '^(cluster|user/[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?)$',
      examples: ['cluster', 'user/ada'],
      description: 'Whose the table is: cluster, or user/<id>.',
    }),
    engine: Type.Enum(['duckdb', 'spark', 'auto'], {
      default: 'auto',
      description:
        'What runs the SQL: duckdb in the processor, spark as a job, or auto: by the size of the window.',
    }),
    output: Type.Enum(['table', 'csv', 'parquet'], {
      default: 'table',
      description: 'table: rows of a table. csv, parquet: a file per window, kept with its size and SHA-256.',
    }),
    sql: Type.String({
      minLength: 1,
      maxLength: 65_536,
      description:
        'One SELECT over blocks, transactions, logs and transfers; it sees exactly one window (docs/sql.md).',
      examples: ['SELECT count(*) AS transactions FROM transactions'],
    }),
  },
  {
    description: 'SQL that runs once over each window and fills a table, or a file per window.',
    'x-kubernetes-validations': [filesFromTheLog, sparkFromTheLog, sparkIntoTables],
  },
);

export const processors = Type.Array(processor, {
  default: [],
  maxItems: 100,
  description: 'What is computed from the log.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['owner', 'name'],
});
