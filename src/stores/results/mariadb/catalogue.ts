// The catalogue of result tables: which table of which schema holds which version of which processor's output. A table is
// registered before it is made, so that a process that dies between the two leaves something that can be finished.

import { MillraceError } from '../../../errors.ts';
import { checkColumns, showColumns } from '../columns.ts';
import type { FileFormat, Owner, ResultColumn, ResultTable, TableRequest } from '../port.ts';
import { alone } from './bookkeeping.ts';
import { quoted } from './column-types.ts';
import type { Connection, Connections } from './connections.ts';
import { ensureSchema, findSchema } from './owners.ts';
import { checkShape, createTable } from './table-shape.ts';

/** Where a table's rows are. */
export interface TablePlace {
  readonly id: bigint;
  readonly schema: string;
  /** Schema and table, quoted. */
  readonly storage: string;
}

export interface Catalogue {
  ensure(request: TableRequest): Promise<ResultTable>;
  newest(): Promise<readonly ResultTable[]>;
  /** @throws TableUnknown */
  place(table: ResultTable): Promise<TablePlace>;
  /** @throws StoreDiffers when somebody changed the table */
  check(connection: Connection, table: ResultTable): Promise<void>;
}

const FIELDS =
  't.id, t.owner, t.processor, t.version, t.name, t.window_seconds, t.columns, t.file, t.window_count';
type Row = readonly [bigint, Owner, string, number, string, bigint, string, FileFormat | null, bigint];

export function createCatalogue(connections: Connections, database: string): Catalogue {
  const { store } = connections;
  const places = new Map<string, TablePlace>();

  const find = async (connection: Connection, request: TableRequest): Promise<Row | undefined> => {
    const rows: Row[] = await connection.query(
      `SELECT ${FIELDS} FROM result_tables t WHERE owner = ? AND processor = ? AND identity = ? AND window_seconds = ?`,
      [request.owner, request.processor, identityOf(request), request.window],
    );
    return rows[0];
  };

  const register = async (connection: Connection, request: TableRequest, schema: string): Promise<void> => {
    const { owner, processor, window, columns, file } = request;
    const rows: [number, string][] = await connection.query(
      'SELECT version, name FROM result_tables WHERE owner = ? AND processor = ?',
      [owner, processor],
    );
    const base = processor.replaceAll('-', '_');
    let version = Math.max(0, ...rows.map(([each]) => each)) + 1;
    const named = () => (version === 1 ? base : `${base}_v${version}`);
    // A processor may itself be named like another's later version.
    while (await isTaken(connection, owner, named())) version++;
    if (await tableExists(connection, schema, named())) {
      const problem = 'it is not of this Millrace; rename it, or the processor';
      throw new MillraceError('StoreDiffers', { what: `table ${schema}.${named()}`, store, problem });
    }
    await connection.query(
      `INSERT INTO result_tables (owner, processor, version, name, identity, window_seconds, columns, file)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        owner,
        processor,
        version,
        named(),
        identityOf(request),
        window,
        JSON.stringify(columns),
        file ?? null,
      ],
    );
  };

  /** A registered table that holds nothing yet may be missing: whoever registered it died. */
  const finish = async (connection: Connection, row: Row, schema: string): Promise<void> => {
    const { name, columns, file } = resultTable(row);
    if (row[8] === 0n && !(await tableExists(connection, schema, name))) {
      await connection.query(createTable(`${quoted(schema)}.${quoted(name)}`, columns, file));
    }
  };

  const check = async (connection: Connection, table: ResultTable): Promise<void> => {
    const schema = (await findSchema(connection, table.owner)) ?? '';
    await checkShape(connection, { ...table, schema }, store);
  };

  return {
    ensure: async (request) => {
      checkColumns(request);
      const { processor, owner } = request;
      const doing = { action: `to make a table for ${owner}`, where: `processor ${processor}` };
      return connections.use(doing, async (connection) => {
        let row = await find(connection, request);
        if (row === undefined || row[8] === 0n) {
          row = await alone(connection, database, async () => {
            const schema = await ensureSchema(connection, owner, store);
            if (!(await find(connection, request))) await register(connection, request, schema);
            const registered = await find(connection, request);
            if (!registered) throw new Error(`table of ${processor} is registered and not found`);
            if (sameColumns(registered, request)) await finish(connection, registered, schema);
            return registered;
          });
        }
        const table = resultTable(row);
        if (!sameColumns(row, request)) {
          const [actual, expected] = [showColumns(table.columns), showColumns(request.columns)];
          throw new MillraceError('ColumnsDiffer', { table: table.name, actual, expected });
        }
        await check(connection, table);
        return table;
      });
    },

    newest: () =>
      connections.use({ action: 'to list tables' }, async (connection) => {
        const rows: Row[] = await connection.query(
          `SELECT ${FIELDS} FROM result_tables t
             JOIN (SELECT owner, processor, max(version) AS version FROM result_tables GROUP BY owner, processor) n
               USING (owner, processor, version)
             ORDER BY t.owner, t.name`,
        );
        return rows.map(resultTable);
      }),

    place: async ({ owner, name }) => {
      const key = `${owner} ${name}`;
      const known = places.get(key);
      if (known) return known;
      const [row] = await connections.use(
        { action: 'to find a table' },
        (connection): Promise<[bigint, string, string][]> =>
          connection.query(
            `SELECT t.id, o.schema_name, t.name FROM result_tables t JOIN owners o USING (owner)
               WHERE owner = ? AND t.name = ?`,
            [owner, name],
          ),
      );
      if (!row) throw new MillraceError('TableUnknown', { table: `${owner}/${name}` });
      const place = { id: row[0], schema: row[1], storage: `${quoted(row[1])}.${quoted(row[2])}` };
      places.set(key, place);
      return place;
    },

    check,
  };
}

function sameColumns(row: Row, { columns }: TableRequest): boolean {
  return showColumns(resultTable(row).columns) === showColumns(columns);
}

/** Files of the same SQL are another output than its rows. */
function identityOf({ fingerprint, file }: TableRequest): string {
  return file === undefined ? fingerprint : `${fingerprint}.${file}`;
}

async function isTaken(connection: Connection, owner: Owner, name: string): Promise<boolean> {
  const rows: unknown[] = await connection.query('SELECT 1 FROM result_tables WHERE owner = ? AND name = ?', [
    owner,
    name,
  ]);
  return rows.length > 0;
}

async function tableExists(connection: Connection, schema: string, name: string): Promise<boolean> {
  const rows: unknown[] = await connection.query(
    'SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [schema, name],
  );
  return rows.length > 0;
}

function resultTable([, owner, processor, version, name, window, columns, file]: Row): ResultTable {
  return {
    ...{ owner, processor, name, version, window: Number(window) },
    columns: JSON.parse(columns) as readonly ResultColumn[],
    ...(file !== null && { file }),
  };
}
