// The chain that is read, and from where.

import { Type } from 'typebox';
import { boundedAddresses, exactlyOne, maxEndpoints, networkOfTheChain, somethingToRead } from '../rules.ts';
import { address, object } from './fields.ts';
import { nodes } from './nodes.ts';

/** Largest block number and chain id: JSON numbers are exact up to here. */
const maxInteger = Number.MAX_SAFE_INTEGER;

const endpoint = address({
  pattern: '^((https?|wss?)://|ipc:|/|replay:)[^\\r\\n]+$',
  url: 'Address of a node: http(s)://, ws(s)://, the path of an ipc socket, or replay:FILES to serve recorded blocks (docs/replay.md).',
  examples: ['https://rpc.example.org', '/var/lib/geth/geth.ipc'],
  description: 'One chain node.',
});

const finality = object(
  {
    tag: Type.Optional(Type.Literal('finalized', { description: 'Final is what the node calls finalized.' })),
    depth: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description: 'Final is what lies this many blocks below the head; for chains without the tag.',
      }),
    ),
  },
  {
    default: { tag: 'finalized' },
    description: 'When a block can never be undone.',
    'x-kubernetes-validations': [exactlyOne('tag', 'depth')],
  },
);

const ethereum = object(
  {
    chainId: Type.Integer({
      minimum: 1,
      maximum: maxInteger,
      description: 'Chain id; a node of another chain is refused. Fixed once blocks were read.',
      examples: [1],
    }),
    endpoints: Type.Array(endpoint, {
      default: [],
      maxItems: maxEndpoints,
      description: 'The nodes to read from; several at once. None are needed beside `nodes`.',
      'x-kubernetes-list-type': 'atomic',
    }),
    nodes: Type.Optional(nodes),
    start: Type.Union(
      [
        Type.Integer({ minimum: 0, maximum: maxInteger }),
        Type.String({
          maxLength: 40,
          pattern: '^(earliest|latest|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]+Z)?|[1-9][0-9]{0,8}(s|m|h|d))$',
        }),
      ],
      {
        default: '180d',
        description: 'Where history begins: earliest, latest, a block number, a date (UTC) or an age.',
        examples: ['earliest', 17_686_110, '2026-01-01', '180d'],
      },
    ),
    finality,
    logs: Type.Boolean({
      default: true,
      description:
        'Keep the logs (events) of transactions too. Without them a block takes about a third of the space everywhere, and SQL has no logs and transfers. Fixed for ever.',
    }),
  },
  {
    description: 'An Ethereum chain, or any chain that speaks its JSON-RPC.',
    'x-kubernetes-validations': [somethingToRead, boundedAddresses, networkOfTheChain],
  },
);

export const chain = object({ ethereum }, { description: 'The chain to read.' });
