// SQL from people over HTTP, and the queries they saved. What a query may read and cost is decided where it runs;
// here only who may ask.

import Type from 'typebox';
import type { QueryLimits } from '../../batch-engine/port.ts';
import type { QueryResult } from '../../batch-engine/run-query.ts';
import type { Clock } from '../../clock.ts';
import type { Metadata } from '../../stores/metadata/port.ts';
import type { SavedQueriesAnswer } from './answers.ts';
import { requireCaller } from './request-guard.ts';
import type { TypedApp } from './typed-routes.ts';

/** Runs one SELECT over the log and the results. @throws SqlInvalid, SqlDenied, SqlFailed, SqlLimit */
export type RunQuery = (request: {
  readonly sql: string;
  /** What is not given is the runner's own limit; what is more than its ceiling is the ceiling. */
  readonly limits?: Partial<QueryLimits>;
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
    readonly queryOwner: string;
    readonly token: string;
    readonly host: string;
    readonly clock: Clock;
  },
): void {
  app.post('/api/query', { schema: { body: QueryBody } }, async (request) => {
    requireCaller(request, options);
    return options.query(request.body);
  });

  app.put(
    '/api/queries/:name',
    { schema: { params: QueryName, body: SavedBody } },
    async (request, reply) => {
      requireCaller(request, options);
      const { clock, metadata, queryOwner: owner } = options;
      await metadata.saveQuery({
        owner,
        name: request.params.name,
        sql: request.body.sql,
        savedAt: clock.now(),
      });
      return reply.status(204).send();
    },
  );

  app.delete('/api/queries/:name', { schema: { params: QueryName } }, async (request) => {
    requireCaller(request, options);
    return { deleted: await options.metadata.deleteQuery(options.queryOwner, request.params.name) };
  });

  app.get('/api/queries', async (): Promise<SavedQueriesAnswer> => {
    const saved = await options.metadata.savedQueries(options.queryOwner);
    return { queries: saved.map(({ name, sql, savedAt }) => ({ name, sql, savedAt })) };
  });
}
