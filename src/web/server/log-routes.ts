// Reading the transaction log over HTTP: newest transactions, one transaction with its logs, one block with its
// transactions, an address page by page, and the search that finds out which of these is meant.

import Type from 'typebox';
import type { TransactionLog } from '../../stores/transaction-log/port.ts';
import { about } from './about.ts';
import { addressAnswer, blockAnswer, search, transactionAnswer } from './look-up.ts';
import { summarise } from './transaction-summary.ts';
import type { TypedApp } from './typed-routes.ts';

const Hash = Type.String({ pattern: '^0x[0-9a-fA-F]{64}$', description: '0x and 64 hex digits' });
const Address = Type.String({ pattern: '^0x[0-9a-fA-F]{40}$', description: '0x and 40 hex digits' });
const BlockAt = Type.String({ pattern: '^(\\d{1,15}|0x[0-9a-fA-F]{64})$', description: 'number or hash' });
const Position = Type.String({ pattern: '^\\d{1,15}:\\d{1,9}$', description: '`next` of the page before' });
const Limit = Type.Integer({ minimum: 1, maximum: 200, default: 50 });

export function routeLog(
  app: TypedApp,
  { log, logs }: { readonly log: TransactionLog; readonly logs: boolean },
): void {
  app.get(
    '/api/transactions',
    { ...about('The newest transactions'), schema: { querystring: Type.Object({ limit: Limit }) } },
    async ({ query }) => ({ transactions: (await log.newestTransactions(query.limit)).map(summarise) }),
  );

  app.get(
    '/api/transactions/:hash',
    { ...about('A transaction with its logs'), schema: { params: Type.Object({ hash: Hash }) } },
    async ({ params }) => transactionAnswer(log, params.hash.toLowerCase(), { logs }),
  );

  app.get(
    '/api/blocks/:at',
    { ...about('A block with its transactions'), schema: { params: Type.Object({ at: BlockAt }) } },
    async ({ params }) =>
      blockAnswer(log, params.at.startsWith('0x') ? params.at.toLowerCase() : Number(params.at)),
  );

  app.get(
    '/api/addresses/:address/transactions',
    {
      ...about('An address’s transactions, newest first, page by page'),
      schema: {
        params: Type.Object({ address: Address }),
        querystring: Type.Object({ before: Type.Optional(Position), limit: Limit }),
      },
    },
    async ({ params, query }) => addressAnswer(log, params.address.toLowerCase(), query),
  );

  app.get(
    '/api/search',
    {
      ...about('What a number, a hash or an address is'),
      schema: { querystring: Type.Object({ q: Type.String({ maxLength: 200 }) }) },
    },
    async ({ query }) => search(log, query.q, { logs }),
  );
}
