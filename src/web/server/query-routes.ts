// SQL from people over HTTP, and the queries they saved. What a query may read and cost is decided where it runs;
// here only who may ask.

import { createHash } from 'node:crypto';
import Type from 'typebox';
import type { QueryLimits } from '../../batch-engine/port.ts';
import type { QueryResult } from '../../batch-engine/run-query.ts';
import type { Clock } from '../../clock.ts';
import type { AuditRecorder } from '../../people/audit-recorder.ts';
import type { Metadata } from '../../stores/metadata/port.ts';
import { about } from './about.ts';
import type { SavedQueriesAnswer } from './answers.ts';
import type { Callers, ReadableOwners } from './callers.ts';
import type { TypedApp } from './typed-routes.ts';

/** Runs one SELECT over the log and the results. @throws SqlInvalid, SqlDenied, SqlFailed, SqlLimit */
export type RunQuery = (request: {
  readonly sql: string;
  /** What is not given is the runner's own limit; what is more than its ceiling is the ceiling. */
  readonly limits?: Partial<QueryLimits>;
  /** Whose result tables it may read. Default: everybody's. */
  readonly readable?: ReadableOwners;
}) => Promise<QueryResult>;

const QueryBody = Type.Object(
  {
    sql: Type.String({ minLength: 1, maxLength: 100_000 }),
    limits: Type.Optional(
      Type.Object(
        {
          timeMs: Type.Optional(Type.Integer({ minimum: 1 })),
          rows: Type.Optional(Type.Integer({ minimum: 1 })),
          memoryBytes: Type.Optional(Type.Integer({ minimum: 1 })),
          bytes: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

const QueryName = Type.Object({ name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }) });
const SavedBody = Type.Object(
  { sql: Type.String({ minLength: 1, maxLength: 100_000 }) },
  { additionalProperties: false },
);

export function routeQueries(
  app: TypedApp,
  options: {
    readonly query: RunQuery;
    readonly metadata: Metadata;
    readonly callers: Callers;
    readonly audit: AuditRecorder;
    readonly clock: Clock;
  },
): void {
  const { query, metadata, callers, audit, clock } = options;

  app.post(
    '/api/query',
    {
      ...about('Run one SELECT over the log, the cluster’s results and the caller’s own', {
        caller: 'token',
      }),
      schema: { body: QueryBody },
    },
    async (request) => {
      const { who } = await callers.required(request);
      const readable = await callers.readable(request);
      const what = described(request.body.sql);
      return audit.around({ who, action: 'query.run', what }, () => query({ ...request.body, readable }));
    },
  );

  app.put(
    '/api/queries/:name',
    {
      ...about('Save a query', { caller: 'token', status: 204 }),
      schema: { params: QueryName, body: SavedBody },
    },
    async (request, reply) => {
      const { owner, who } = await callers.required(request);
      const { name } = request.params;
      const { sql } = request.body;
      await audit.around({ who, action: 'query.save', what: `${owner}/${name} ${described(sql)}` }, () =>
        metadata.saveQuery({ owner, name, sql, savedAt: clock.now() }),
      );
      return reply.status(204).send();
    },
  );

  app.delete(
    '/api/queries/:name',
    { ...about('Delete a saved query', { caller: 'token' }), schema: { params: QueryName } },
    async (request) => {
      const { owner, who } = await callers.required(request);
      const { name } = request.params;
      const deleted = await audit.around({ who, action: 'query.delete', what: `${owner}/${name}` }, () =>
        metadata.deleteQuery(owner, name),
      );
      return { deleted };
    },
  );

  app.get(
    '/api/queries',
    about('The caller’s saved queries', { caller: 'reader' }),
    async (request): Promise<SavedQueriesAnswer> => {
      const { owner } = await callers.reading(request);
      const saved = await metadata.savedQueries(owner);
      return { queries: saved.map(({ name, sql, savedAt }) => ({ name, sql, savedAt })) };
    },
  );
}

/** A query in the audit trail: what tells it from every other, and its beginning for a person. */
function described(sql: string): string {
  return `sha256:${createHash('sha256').update(sql).digest('hex')} ${sql.slice(0, 200)}`;
}
