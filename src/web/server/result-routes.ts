// Reading result tables over HTTP: which there are and how far they got, their rows newest first as JSON, and
// everything in the order of the windows as CSV, streamed, so that a table of any size takes no memory.

import { Readable } from 'node:stream';
import Type from 'typebox';
import { csvLine } from '../../csv.ts';
import { MillraceError } from '../../errors.ts';
import { isoTime } from '../../stores/results/iso-time.ts';
import type { Owner, ResultColumn, ResultRow, Results, ResultTable } from '../../stores/results/port.ts';
import { about } from './about.ts';
import type { ResultRowsAnswer, ResultTableAnswer, ResultTablesAnswer } from './answers.ts';
import type { Callers, ReadableOwners } from './callers.ts';
import type { TypedApp } from './typed-routes.ts';

const windowStart: ResultColumn = { name: 'window_start', type: 'timestamp' };

export const TableParams = Type.Object({
  owner: Type.String({ pattern: '^(cluster|user/.+)$', description: '`cluster`, or `user%2F<id>`' }),
  name: Type.String({ maxLength: 128 }),
});
const RowsQuery = Type.Object({
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'Unix seconds, included' })),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'Unix seconds, excluded' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 20_000, description: 'JSON only; default 5000' })),
  format: Type.Union([Type.Literal('json'), Type.Literal('csv')], { default: 'json' }),
  provisional: Type.Optional(
    Type.Boolean({
      description: 'CSV only: also the rows of open windows, told apart by a last column `provisional`',
    }),
  ),
});
const defaultLimit = 5000;

export function routeResults(
  app: TypedApp,
  { results, callers }: { readonly results: Results; readonly callers: Callers },
): void {
  app.get(
    '/api/results',
    about('The result tables that the caller may read, and how far they are', { caller: 'owner' }),
    async (request): Promise<ResultTablesAnswer> => {
      const readable = await callers.readable(request);
      const tables = (await results.tables()).filter(({ owner }) => readable(owner));
      return { tables: await Promise.all(tables.map((table) => tableAnswer(results, table))) };
    },
  );

  app.get(
    '/api/results/:owner/:name',
    {
      ...about('A table’s rows: the newest as JSON, all as CSV', {
        caller: 'owner',
        types: ['application/json', 'text/csv'],
      }),
      schema: { params: TableParams, querystring: RowsQuery },
    },
    async (request, reply) => {
      const { params, query } = request;
      const table = await findTable(results, params, await callers.readable(request));
      if (query.format === 'csv') {
        return reply
          .header('content-type', 'text/csv; charset=utf-8')
          .header('content-disposition', `attachment; filename="${table.name}.csv"`)
          .send(Readable.from(csvLines(results, table, query)));
      }
      return rowsAnswer(results, table, query);
    },
  );
}

interface Range {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

async function rowsAnswer(
  results: Results,
  table: ResultTable,
  query: Range & { readonly limit?: number | undefined },
): Promise<ResultRowsAnswer> {
  const limit = query.limit ?? defaultLimit;
  const rows = await results.read(table, {
    ...(query.from === undefined ? {} : { from: query.from }),
    ...(query.to === undefined ? {} : { to: query.to }),
    limit: limit + 1,
    newestFirst: true,
  });
  const open = new Set(rows.filter((row) => row.provisional).map((row) => row.windowStart));
  return {
    table: await tableAnswer(results, table),
    rows: rows.slice(0, limit).map(rowOf),
    provisional: [...open].sort((one, other) => one - other).map(isoTime),
    truncated: rows.length > limit,
  };
}

async function* csvLines(
  results: Results,
  table: ResultTable,
  query: Range & { readonly provisional?: boolean | undefined },
): AsyncGenerator<string> {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, provisional = false } = query;
  const names = [windowStart, ...table.columns].map((column) => column.name);
  yield csvLine(provisional ? [...names, 'provisional'] : names);
  for await (const chunk of results.scan(table)) {
    const lines = chunk
      .filter((row) => row.windowStart >= from && row.windowStart < to && (provisional || !row.provisional))
      .map((row) => csvLine(provisional ? [...rowOf(row), row.provisional] : rowOf(row)));
    if (lines.length > 0) yield lines.join('');
  }
}

/** @throws RequestRefused, whether the owner has such a table or not; ResultUnknown */
export async function findTable(
  results: Results,
  { owner, name }: { readonly owner: string; readonly name: string },
  readable: ReadableOwners,
): Promise<ResultTable> {
  if (!readable(owner)) {
    const problem = `results of ${owner} are read with a token of that user`;
    throw new MillraceError('RequestRefused', { problem });
  }
  const table = (await results.tables()).find((one) => one.owner === owner && one.name === name);
  if (!table) throw new MillraceError('ResultUnknown', { owner, name });
  return table;
}

export async function tableAnswer(results: Results, table: ResultTable): Promise<ResultTableAnswer> {
  const { windows, newest, rows } = await results.progress(table);
  return {
    owner: table.owner as Owner,
    name: table.name,
    processor: table.processor,
    version: table.version,
    window: table.window,
    file: table.file ?? null,
    columns: [windowStart, ...table.columns],
    progress: { windows, newest: newest ?? null, rows },
  };
}

function rowOf(row: { readonly windowStart: number; readonly values: ResultRow }): ResultRow {
  return [isoTime(row.windowStart), ...row.values];
}
