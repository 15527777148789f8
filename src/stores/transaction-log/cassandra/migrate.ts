// Makes the keyspace and its tables where they are missing, and checks those that are there. What somebody changed is
// named and left alone. Only the recorder makes; the other roles wait until it has.

import type { types } from 'cassandra-driver';
import { MillraceError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import {
  compactionOf,
  createKeyspace,
  createTable,
  type Mark,
  markIn,
  setCompaction,
  setMark,
} from './ddl.ts';
import { SCHEMA_VERSION, type Table, tables } from './schema.ts';
import type { Session } from './session.ts';

export interface SchemaOptions {
  readonly keyspace: string;
  /** Of the address's data centre. */
  readonly replicationFactor: number;
  /** In ms. */
  readonly retention: number | 'forever';
  /** Blocks are recorded with their logs. */
  readonly logs: boolean;
  /** Make what is missing. Without it: @throws LogNotMade until somebody has. */
  readonly create: boolean;
  readonly logger: Logger;
}

interface FoundTable {
  readonly comment: string;
  readonly compaction: Readonly<Record<string, string>>;
  /** `kind position name type order`, sorted. */
  readonly columns: readonly string[];
}

/** @throws LogNotMade, StoreDiffers, StoreUnreachable, StoreDenied */
export async function prepareSchema(session: Session, options: SchemaOptions): Promise<void> {
  const { keyspace, create, retention, logger } = options;
  const differs = (what: string, problem: string) =>
    new MillraceError('StoreDiffers', { what, store: session.store, problem });

  const replication = await findReplication(session, keyspace);
  if (replication === undefined) {
    if (!create) throw notThere(session, `keyspace ${keyspace}`);
    const statement = createKeyspace(keyspace, session.dataCentre, options.replicationFactor);
    await session.define(statement, `to create keyspace ${keyspace}`);
  } else {
    const problem = replicationProblem(replication, session.dataCentre, options.replicationFactor);
    if (problem !== undefined) throw differs(`keyspace ${keyspace}`, problem);
  }

  const found = await findTables(session, keyspace);
  const mark = markOf(found);
  const wanted: Mark = { version: SCHEMA_VERSION, logs: options.logs };
  /** Tables without a mark were made before logs could be left out. */
  const checkLogs = (made: Mark | undefined): void => {
    const { logs } = made ?? { logs: true };
    if (logs !== options.logs) throw differs(`keyspace ${keyspace}`, logsProblem(logs));
  };
  if (mark !== undefined && mark.version > SCHEMA_VERSION) {
    throw differs(
      `keyspace ${keyspace}`,
      `its tables have version ${mark.version}, this Millrace knows up to ${SCHEMA_VERSION}`,
    );
  }
  if (found.has('canonical')) checkLogs(mark);
  // Everything is checked before anything is made.
  for (const table of Object.values(tables)) {
    const there = found.get(table.name);
    if (there === undefined) {
      if (!create) throw notThere(session, `table ${keyspace}.${table.name}`);
      continue;
    }
    const problem = tableProblem(table, there);
    if (problem !== undefined) throw differs(`table ${keyspace}.${table.name}`, problem);
  }
  if (!create) {
    if (mark === undefined) throw notThere(session, `schema version in keyspace ${keyspace}`);
    return;
  }
  for (const table of Object.values(tables)) {
    const name = `${keyspace}.${table.name}`;
    const there = found.get(table.name);
    if (there === undefined) {
      const marked = table === tables.canonical ? { mark: wanted } : {};
      await session.define(createTable(keyspace, table, { retention, ...marked }), `to create table ${name}`);
    } else if (!sameOptions(there.compaction, compactionOf(table, retention).options)) {
      logger.info({ table: name }, 'the retention changed: so do the windows of compaction');
      await session.define(setCompaction(keyspace, table, retention), `to alter table ${name}`);
    }
  }
  if (mark?.version === SCHEMA_VERSION) return;
  // Another recorder, with another manifest, may have made the table meanwhile: what its mark says is true for both.
  const made = markOf(await findTables(session, keyspace));
  checkLogs(made);
  if (made?.version !== SCHEMA_VERSION)
    await session.define(setMark(keyspace, wanted), `to alter ${keyspace}.canonical`);
}

function markOf(found: ReadonlyMap<string, FoundTable>): Mark | undefined {
  const canonical = found.get('canonical');
  return canonical && markIn(canonical.comment);
}

function logsProblem(made: boolean): string {
  const [is, says] = made ? ['with', false] : ['without', true];
  return `its blocks are recorded ${is} logs, and the manifest says spec.chain.ethereum.logs: ${says}`;
}

async function findReplication(
  session: Session,
  keyspace: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const [row] = await session.read(
    'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?',
    [keyspace],
  );
  return row?.replication as Record<string, string> | undefined;
}

async function findTables(session: Session, keyspace: string): Promise<ReadonlyMap<string, FoundTable>> {
  // Tables first: of one that is being made meanwhile, the columns are there as soon as it is.
  const described = await session.readAll(
    'SELECT table_name, comment, compaction FROM system_schema.tables WHERE keyspace_name = ?',
    [keyspace],
  );
  const columns = await session.readAll(
    'SELECT table_name, column_name, kind, position, type, clustering_order FROM system_schema.columns WHERE keyspace_name = ?',
    [keyspace],
  );
  const byTable = Map.groupBy(columns, (row) => String(row.table_name));
  return new Map(
    described.map((row: types.Row) => [
      String(row.table_name),
      {
        comment: String(row.comment ?? ''),
        compaction: row.compaction as Record<string, string>,
        columns: (byTable.get(String(row.table_name)) ?? []).map((column) =>
          columnLine(
            String(column.column_name),
            String(column.type),
            String(column.kind),
            Number(column.position),
            String(column.clustering_order).toUpperCase() === 'DESC',
          ),
        ),
      },
    ]),
  );
}

function replicationProblem(
  replication: Readonly<Record<string, string>>,
  dataCentre: string,
  replicationFactor: number,
): string | undefined {
  const { class: name = '', ...factors } = replication;
  if (!name.endsWith('NetworkTopologyStrategy'))
    return `its replication is ${name}, not NetworkTopologyStrategy`;
  const actual = factors[dataCentre];
  if (actual === String(replicationFactor)) return undefined;
  return `its replication factor in ${dataCentre} is ${actual ?? 'none'}, the manifest says ${replicationFactor}`;
}

function tableProblem(table: Table, found: FoundTable): string | undefined {
  const { columns, key } = table;
  const expected = new Set(
    columns.map(({ name, type }) => {
      const partition = key.partition.indexOf(name);
      if (partition >= 0) return columnLine(name, type, 'partition_key', partition, false);
      const clustering = key.clustering.indexOf(name);
      if (clustering >= 0) return columnLine(name, type, 'clustering', clustering, key.descending ?? false);
      return columnLine(name, type, 'regular', -1, false);
    }),
  );
  const actual = new Set(found.columns);
  const missing = [...expected].filter((line) => !actual.has(line));
  const foreign = [...actual].filter((line) => !expected.has(line));
  if (missing.length + foreign.length > 0) {
    const parts = [
      missing.length > 0 ? `it lacks ${missing.join(', ')}` : '',
      foreign.length > 0 ? `it has ${foreign.join(', ')}` : '',
    ];
    return parts.filter((part) => part !== '').join('; ');
  }
  const strategy = (found.compaction.class ?? '').replace(/^.*\./, '');
  const { class: asked } = compactionOf(table, 'forever');
  return strategy === asked ? undefined : `its compaction is ${strategy}, not ${asked}`;
}

/** A column as errors name it: `number bigint (clustering 0)`. */
function columnLine(name: string, type: string, kind: string, position: number, descending: boolean): string {
  if (kind === 'regular') return `${name} ${type}`;
  return `${name} ${type} (${kind} ${position}${descending ? ' desc' : ''})`;
}

function sameOptions(
  actual: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([name, value]) => actual[name] === value);
}

function notThere(session: Session, what: string): MillraceError {
  return new MillraceError('LogNotMade', { store: session.store, what });
}
