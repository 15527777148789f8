// The files of a table whose output is one: which windows have theirs, and each file's bytes, streamed as the store gives
// them. A file is named by its content, so who has it already is told so instead of being sent it again.

import { Readable } from 'node:stream';
import Type from 'typebox';
import { MillraceError } from '../../errors.ts';
import { isoTime } from '../../stores/results/iso-time.ts';
import type { FileFormat, Results, ResultTable, WindowFile } from '../../stores/results/port.ts';
import { about } from './about.ts';
import type { ResultFilesAnswer, WindowFileAnswer } from './answers.ts';
import type { Callers } from './callers.ts';
import { findTable, TableParams, tableAnswer } from './result-routes.ts';
import type { TypedApp } from './typed-routes.ts';

const FilesQuery = Type.Object({
  before: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 8.64e12,
      description: 'Unix seconds, excluded; `next` of the page before',
    }),
  ),
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50, description: 'windows, not files' }),
});
const FileParams = Type.Object({
  ...TableParams.properties,
  window: Type.Integer({ minimum: 0, maximum: 8.64e12, description: 'start of the window, Unix seconds' }),
});

const contentTypes: Readonly<Record<FileFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

export function routeFiles(
  app: TypedApp,
  { results, callers }: { readonly results: Results; readonly callers: Callers },
): void {
  app.get(
    '/api/results/:owner/:name/files',
    {
      ...about('The files of a table’s windows, newest first', { caller: 'owner' }),
      schema: { params: TableParams, querystring: FilesQuery },
    },
    async (request) => {
      const table = await findTable(results, request.params, await callers.readable(request));
      return filesAnswer(results, table, request.query);
    },
  );

  app.get(
    '/api/results/:owner/:name/files/:window',
    {
      ...about('A window’s file', {
        caller: 'owner',
        types: ['text/csv', 'application/vnd.apache.parquet'],
      }),
      schema: { params: FileParams },
    },
    async (request, reply) => {
      const { params, headers } = request;
      const table = await findTable(results, params, await callers.readable(request));
      const file = await results.readFile(table, params.window);
      if (!file || !table.file) {
        const { owner, name } = table;
        throw new MillraceError('FileMissing', { owner, name, window: isoTime(params.window) });
      }
      const tag = `"${file.sha256}"`;
      reply.header('etag', tag).header('cache-control', 'private, no-cache');
      if (matches(headers['if-none-match'], tag)) return reply.status(304).send();
      return reply
        .header('content-type', contentTypes[table.file])
        .header('content-disposition', `attachment; filename="${fileName(table, file)}"`)
        .header('content-length', file.size)
        .send(Readable.from(file.bytes));
    },
  );
}

async function filesAnswer(
  results: Results,
  table: ResultTable,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<ResultFilesAnswer> {
  const answer = await tableAnswer(results, table);
  const { newest } = answer.progress;
  const to = before ?? (newest === null ? 0 : newest + table.window);
  const from = Math.max(0, to - limit * table.window);
  const files = await results.files(table, { from, to });
  const [older] = await results.files(table, { from: 0, to: from, limit: 1 });
  return {
    table: answer,
    files: files.map((file) => told(table, file)).reverse(),
    next: older ? from : null,
  };
}

function told(table: ResultTable, { windowStart, rows, size, sha256 }: WindowFile): WindowFileAnswer {
  const of = [table.owner, table.name].map(encodeURIComponent).join('/');
  const href = `/api/results/${of}/files/${windowStart}`;
  return { window_start: isoTime(windowStart), rows, size, sha256, href };
}

/** `largest_transfers-2023-07-13T173900Z.csv`: no character that a file system refuses. */
function fileName({ name, file }: ResultTable, { windowStart }: WindowFile): string {
  return `${name}-${isoTime(windowStart).replaceAll(':', '')}.${file}`;
}

function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const given = header.split(',').map((each) => each.trim().replace(/^W\//, ''));
  return given.includes('*') || given.includes(tag);
}
