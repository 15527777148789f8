// Chain nodes that the operator runs.

import { Type } from 'typebox';
import { consensusForPublicNetworks, oneDevelopmentNode } from '../rules.ts';
import { volumesOnlyGrow } from '../rules-of-change.ts';
import { object, quantity } from './fields.ts';

const consensus = object(
  {
    checkpointUrl: Type.String({
      maxLength: 1_024,
      pattern: '^https?://[!-~]+$',
      description:
        'A beacon node that you trust; the first start takes its finalized state instead of years of history.',
      examples: ['https://beaconstate.example.org'],
    }),
    storage: quantity('Size of its volume.', { default: '200Gi', examples: ['200Gi'] }),
  },
  {
    description: 'The consensus client beside each node.',
    'x-kubernetes-validations': [volumesOnlyGrow],
  },
);

export const nodes = object(
  {
    replicas: Type.Integer({ minimum: 1, maximum: 20, default: 1, description: 'How many nodes.' }),
    maxPeers: Type.Integer({
      minimum: 0,
      maximum: 1_000,
      default: 75,
      description: 'Most peers of a node; each costs bandwidth.',
    }),
    network: Type.Enum(['mainnet', 'sepolia', 'hoodi', 'dev'], {
      default: 'mainnet',
      description:
        'The network they join; its id must be chainId. dev: a chain of its own with one node, for trials (chainId 1337).',
    }),
    storage: quantity("Size of each node's volume; it may grow.", { examples: ['2Ti'] }),
    consensus: Type.Optional(consensus),
  },
  {
    description: 'geth, run by the operator and read beside the endpoints. `millrace run` starts none.',
    'x-kubernetes-validations': [consensusForPublicNetworks, oneDevelopmentNode, volumesOnlyGrow],
  },
);
