// The web server: the page, the API behind it, and the address that a person opens. Of the chain's data it only
// reads: everything it shows comes through the status, the ports and the query runner it is given.

import Fastify from 'fastify';
import { type Clock, systemClock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import { createAccounts } from '../../people/accounts.ts';
import { createAuditRecorder } from '../../people/audit-recorder.ts';
import { createPeople } from '../../people/people.ts';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import type { Metadata, MetadataOwner } from '../../stores/metadata/port.ts';
import type { Results } from '../../stores/results/port.ts';
import type { PipelineTopics } from '../../stores/topics/pipeline-topics.ts';
import type { Topics } from '../../stores/topics/port.ts';
import type { TransactionLog } from '../../stores/transaction-log/port.ts';
import { createCallers } from './callers.ts';
import { answerErrors } from './error-answer.ts';
import { routeEvents } from './event-routes.ts';
import { routeFiles } from './file-routes.ts';
import { routeLog } from './log-routes.ts';
import { routeOpenApi } from './openapi.ts';
import { routePages } from './page-routes.ts';
import { routePeople } from './people-routes.ts';
import { type RunQuery, routeQueries } from './query-routes.ts';
import { guardRequests } from './request-guard.ts';
import { routeResults } from './result-routes.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { createStatusFeed } from './status-feed.ts';
import { routeStatus, type Watchers } from './status-routes.ts';
import { routeSubscriptionEvents } from './subscription-events.ts';
import { routeSubscriptions } from './subscription-routes.ts';
import { sweepExpired } from './sweep-expired.ts';
import { routeTables } from './table-routes.ts';
import { withTypes } from './typed-routes.ts';

const bodyLimitBytes = 256 * 1024;

export interface WebOptions extends Watchers {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly status: () => Promise<PipelineStatus>;
  readonly log: TransactionLog;
  readonly results: Results;
  readonly metadata: Metadata;
  readonly query: RunQuery;
  /** What subscriptions are told of as it arrives; without them they are kept and nothing is told. */
  readonly live?: { readonly topics: Topics; readonly names: PipelineTopics };
  /** Whose saved queries and subscriptions the page shows. Default `cluster`. */
  readonly queryOwner?: MetadataOwner;
  /**
   * Of the data folder: opens everything, users and tokens included, as `Authorization: Bearer <token>`. A user's own token
   * opens the rest. Without it nobody changes users over HTTP.
   */
  readonly token?: string;
  /** Blocks are recorded with their logs. Default true. */
  readonly logs?: boolean;
  readonly logger: Logger;
  /** Where the built pages are. */
  readonly uiFolder: string;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface Web {
  /** `http://127.0.0.1:4000/` */
  readonly url: string;
  /** Ends open event streams, then the server. */
  close(): Promise<void>;
}

/** @throws PortInUse, BrowserUiMissing, UsageInvalid */
export async function startWeb(options: WebOptions): Promise<Web> {
  const host = options.host ?? '127.0.0.1';
  const { status, log, results, metadata, logger, logs = true } = options;
  const clock = options.clock ?? systemClock;
  const app = Fastify({
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: true,
    trustProxy: false,
    // A field that nobody knows is a mistake to be told, not to be dropped.
    ajv: { customOptions: { removeAdditional: false } },
  });
  const typed = withTypes(app);
  const feed = createStatusFeed({ status, log, logger, clock });

  answerErrors(app, logger);
  setSecurityHeaders(app);
  guardRequests(app, { host });
  // A body is JSON or nothing: a form or plain text is what another site's page can send unasked.
  app.removeContentTypeParser('text/plain');
  routeOpenApi(app);
  routeStatus(app, status, options);
  routeEvents(app, feed);
  routeLog(typed, { log, logs });
  const audit = createAuditRecorder({ metadata, clock, logger });
  const callers = createCallers({ queryOwner: 'cluster', token: undefined, ...options, host, audit, clock });
  routeResults(typed, { results, callers });
  routeFiles(typed, { results, callers });
  routeTables(app, { results, callers, logs });
  const people = createPeople({ metadata, audit, clock, who: 'folder' });
  routeQueries(typed, { ...options, callers, audit, clock });
  routeSubscriptions(typed, { metadata, callers, audit, clock, logs });
  if (options.live)
    routeSubscriptionEvents(typed, { ...options.live, metadata, callers, clock, logger, logs });
  const access = async () => results.access;
  const accounts = createAccounts({ access, metadata, audit, who: 'folder' });
  routePeople(typed, { people, accounts, callers });
  sweepExpired(app, { metadata, clock, logger });
  await routePages(app, options.uiFolder);

  const url = await listen(app, host, options.port);
  return { url, close: async () => app.close() };
}

async function listen(app: ReturnType<typeof Fastify>, host: string, port: number): Promise<string> {
  try {
    return `${await app.listen({ host, port })}/`;
  } catch (error) {
    await app.close();
    const { code, message } = error as NodeJS.ErrnoException;
    const address = `${host}:${port}`;
    if (code === 'EADDRINUSE') throw new MillraceError('PortInUse', { address }, { cause: error });
    // No right to that port, no such address, no such name.
    throw new MillraceError(
      'UsageInvalid',
      { problem: `cannot listen on ${address}: ${message}` },
      { cause: error },
    );
  }
}
