// The results in MariaDB: for each owner a schema, for each version of each processor's output a table in it, and beside
// them Millrace's own tables. Any number of processes may have the same results open.

import type { Clock } from '../../../clock.ts';
import { MillraceError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import type { StoreAddress } from '../../store-url.ts';
import type { Results, ResultTable } from '../port.ts';
import { createAccess } from './access.ts';
import { makeBookkeeping, type ResultsPipeline } from './bookkeeping.ts';
import { createCatalogue } from './catalogue.ts';
import { claimWindow } from './claims.ts';
import { createConnections } from './connections.ts';
import { listFiles, readChunks } from './files.ts';
import { createProvisional } from './provisional.ts';
import { readRows, scanRows } from './read-rows.ts';
import { createStaging } from './staging.ts';

export interface MariaDbResultsOptions {
  /** Its path names the database of Millrace's own tables, which exists then; without one it is `millrace`, and made. */
  readonly address: StoreAddress;
  /** Whose results they are; the database belongs to the first that opens it. */
  readonly pipeline: ResultsPipeline;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** @throws StoreUnreachable, StoreDenied, StoreDiffers */
export async function openMariaDbResults({
  address,
  pipeline,
  clock,
  logger,
}: MariaDbResultsOptions): Promise<Results> {
  const database = address.path === '' ? 'millrace' : address.path;
  const opening = createConnections(address, undefined);
  try {
    await makeBookkeeping(opening, { name: database, isNamed: address.path !== '' }, pipeline);
  } finally {
    await opening.close();
  }
  const connections = createConnections(address, database);
  const catalogue = createCatalogue(connections, database);
  const staging = createStaging({ connections, database, clock, logger });
  const hasRows = (table: ResultTable) => table.file === undefined;

  return {
    ensureTable: catalogue.ensure,
    tables: catalogue.newest,

    doneWindows: async (table, { from, to }) => {
      const { id } = await catalogue.place(table);
      return connections.use({ action: 'to list done windows' }, async (connection) => {
        const rows: [bigint][] = await connection.query(
          'SELECT start FROM marks WHERE table_id = ? AND start >= ? AND start < ? ORDER BY start',
          [id, from, to],
        );
        return rows.map(([start]) => Number(start));
      });
    },

    progress: async (table) => {
      const { id } = await catalogue.place(table);
      return connections.use({ action: 'to read the progress' }, async (connection) => {
        const [row]: [bigint, bigint, bigint | null][] = await connection.query(
          `SELECT window_count, row_count, (SELECT max(start) FROM marks WHERE table_id = id)
             FROM result_tables WHERE id = ?`,
          [id],
        );
        if (!row) throw new MillraceError('TableUnknown', { table: `${table.owner}/${table.name}` });
        const [windows, rows, newest] = row;
        return {
          windows: Number(windows),
          rows: Number(rows),
          newest: newest === null ? undefined : Number(newest),
        };
      });
    },

    claim: (table, start, options) => claimWindow(connections, catalogue, { table, start, ...options }),

    read: async (table, options) =>
      hasRows(table) ? readRows(connections, table, await catalogue.place(table), options) : [],

    scan: async function* (table) {
      if (hasRows(table)) yield* scanRows(connections, table, await catalogue.place(table));
    },

    files: async (table, range) =>
      hasRows(table) ? [] : listFiles(connections, await catalogue.place(table), range),

    readFile: async (table, start) => {
      if (hasRows(table)) return undefined;
      const place = await catalogue.place(table);
      const [file] = await listFiles(connections, place, { from: start, to: start + 1 });
      return file && { ...file, bytes: readChunks(connections, { table, place, file }) };
    },

    access: createAccess(connections, database, address.hosts[0] ?? { host: '', port: 0 }),
    provisional: createProvisional(connections, catalogue),
    staging,

    close: () => connections.close(),
  };
}
