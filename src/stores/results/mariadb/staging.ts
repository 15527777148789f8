// Staging tables in MariaDB: filled by another engine over JDBC, checked here by the rules of `replace`, and moved into the
// result table by one INSERT … SELECT under the claim. Their mapping of types is in results/staging.ts.

import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import { MillraceError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import { fromStored, type StoredValue, toStored } from '../columns.ts';
import type { Claim, ResultColumn, ResultType } from '../port.ts';
import type { Staging } from '../staging.ts';
import type { MariaDbClaim } from './claim.ts';
import { datetime, quoted } from './column-types.ts';
import type { Connection, Connections } from './connections.ts';

export interface StagingOptions {
  readonly connections: Connections;
  /** Of Millrace's own tables; staging tables are in `<database>_staging`. */
  readonly database: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const DAY_MS = 86_400_000;
const TEXT = 'LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin';

interface StagedForm {
  readonly sql: string;
  /** True of a value that `replace` would refuse, among those that are not null. */
  readonly bad?: (name: string) => string;
  readonly moved?: (name: string) => string;
}

const unlike = (pattern: string) => (name: string) =>
  `${name} NOT REGEXP '${pattern.replaceAll('\\', '\\\\')}'`;
const time = (name: string) => `CAST(LEFT(${name}, CHAR_LENGTH(${name}) - 1) AS DATETIME(6))`;
const day = (name: string) => `CAST(${name} AS DATE)`;
const timeShape = unlike(
  String.raw`^(?!0000)\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.(?!000000)\d{6})?Z\z`,
);
const dayShape = unlike(String.raw`^(?!0000)\d{4}-\d\d-\d\d\z`);

const forms: Readonly<Record<ResultType, StagedForm>> = {
  integer: { sql: 'BIGINT' },
  decimal: { sql: TEXT, bad: unlike(String.raw`^-?[0-9]+(\.[0-9]+)?\z`) },
  double: { sql: 'DOUBLE' },
  text: { sql: TEXT },
  boolean: { sql: 'BOOLEAN', bad: (name) => `${name} NOT IN (0, 1)` },
  timestamp: {
    sql: TEXT,
    bad: (name) => `IF(${timeShape(name)}, TRUE, ${time(name)} IS NULL)`,
    moved: time,
  },
  date: { sql: TEXT, bad: (name) => `IF(${dayShape(name)}, TRUE, ${day(name)} IS NULL)`, moved: day },
};

export function createStaging(options: StagingOptions): Staging {
  const { connections, database, clock, logger } = options;
  const schema = `${database}_staging`;

  const drop = async (connection: Connection, name: string): Promise<void> => {
    await connection.query(`DROP TABLE IF EXISTS ${quoted(schema)}.${quoted(name)}`);
    await connection.query('DELETE FROM stagings WHERE name = ?', [name]);
  };

  const removeLeftOvers = async (connection: Connection): Promise<void> => {
    const rows: [string][] = await connection.query('SELECT name FROM stagings WHERE made_at < ?', [
      clock.now() - DAY_MS,
    ]);
    for (const [name] of rows) {
      await drop(connection, name);
      logger.info({ table: `${schema}.${name}` }, 'removed a staging table that nobody moved within a day');
    }
  };

  return {
    stage: ({ columns }) =>
      connections.use({ action: `to make a staging table in ${schema}` }, async (connection) => {
        await removeLeftOvers(connection);
        await connection.query(`CREATE DATABASE IF NOT EXISTS ${quoted(schema)}`);
        const name = `staged_${randomUUID().replaceAll('-', '')}`;
        await connection.query('INSERT INTO stagings (name, made_at) VALUES (?, ?)', [name, clock.now()]);
        const shape = columns.map((column) => `${quoted(column.name)} ${forms[column.type].sql}`);
        const order = 'window_row BIGINT UNSIGNED NOT NULL AUTO_INCREMENT INVISIBLE PRIMARY KEY';
        await connection.query(
          `CREATE TABLE ${quoted(schema)}.${quoted(name)} (${[...shape, order].join(', ')}) ENGINE = InnoDB`,
        );
        return { schema, name, columns };
      }),

    replaceStaged: async (claim, staging) => {
      const { table, place, start, replaceWith } = ofMariaDb(claim);
      const where = `processor ${table.processor}`;
      const source = `${quoted(staging.schema)}.${quoted(staging.name)}`;
      await connections.use({ action: 'to check staged rows', where, long: true }, (connection) =>
        refuseBad(connection, { source, columns: staging.columns, where }),
      );
      const names = staging.columns.map(({ name }) => quoted(name));
      const moved = staging.columns.map(
        ({ name, type }) => forms[type].moved?.(quoted(name)) ?? quoted(name),
      );
      const rows = await replaceWith(async (connection) => {
        await connection.query(`DELETE FROM ${place.storage} WHERE window_start = ?`, [datetime(start)]);
        const { affectedRows } = await connection.query(
          `INSERT INTO ${place.storage} (${['window_start', 'window_row', ...names, 'provisional'].join(', ')})
             SELECT ${['?', 'window_row', ...moved, '0'].join(', ')} FROM ${source} ORDER BY window_row`,
          [datetime(start)],
        );
        return affectedRows;
      }, true);
      return { rows };
    },

    drop: ({ name }) =>
      connections.use({ action: 'to drop a staging table' }, (connection) => drop(connection, name)),
  };
}

/** @throws SqlFailed with the first value that `replace` would refuse */
async function refuseBad(
  connection: Connection,
  staged: { readonly source: string; readonly columns: readonly ResultColumn[]; readonly where: string },
): Promise<void> {
  const { source, columns, where } = staged;
  const bad = columns.flatMap(({ name, type }) => {
    const condition = forms[type].bad?.(quoted(name));
    return condition === undefined ? [] : [`(${quoted(name)} IS NOT NULL AND ${condition})`];
  });
  if (bad.length === 0) return;
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  const [row]: StoredValue[][] = await connection.query(
    `SELECT ${names} FROM ${source} WHERE ${bad.join(' OR ')} ORDER BY window_row LIMIT 1`,
  );
  if (row === undefined) return;
  for (const [at, column] of columns.entries()) {
    const value = row[at] ?? null;
    const isNeither = column.type === 'boolean' && value !== 0 && value !== 1 && value !== null;
    toStored(column, isNeither ? Number(value) : fromStored(column.type, value), where);
  }
  throw new MillraceError('SqlFailed', {
    where,
    problem: 'a staged row holds a value that is not of its column',
  });
}

function ofMariaDb(claim: Claim): MariaDbClaim {
  if (!('replaceWith' in claim))
    throw new TypeError('this claim is not of the store that has the staging table');
  return claim as MariaDbClaim;
}
