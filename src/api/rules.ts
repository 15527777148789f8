// Rules that any kind may use, and those of a Pipeline's parts.

import { defineRule, type Rule } from './rule.ts';

export const orderedSizes = defineRule(
  {
    rule: 'self.min <= self.preferred && self.preferred <= self.max',
    message: 'must have min <= preferred <= max',
  },
  ({ min, preferred, max }) => Number(min) <= Number(preferred) && Number(preferred) <= Number(max),
);

/** The same where the API server does not fill in what is left out. */
export function orderedStoreSizes(defaults: readonly [min: number, preferred: number, max: number]): Rule {
  const [min, preferred, max] = (['min', 'preferred', 'max'] as const).map(
    (field, index) => `(has(self.${field}) ? self.${field} : ${defaults[index]})`,
  );
  return defineRule(
    { rule: `${min} <= ${preferred} && ${preferred} <= ${max}`, message: orderedSizes.message },
    (self) => Number(self.min) <= Number(self.preferred) && Number(self.preferred) <= Number(self.max),
  );
}

/** Exactly one of the fields is set. */
export function exactlyOne(...fields: readonly string[]): Rule {
  const terms = fields.map((field) => `has(self.${field})`);
  return defineRule(
    {
      rule: `[${terms.join(', ')}].filter(x, x).size() == 1`,
      message: `must have exactly one of ${fields.join(' and ')}`,
    },
    (self) => fields.filter((field) => self[field] !== undefined).length === 1,
  );
}

export const filesFromTheLog = defineRule(
  {
    rule: "self.output == 'table' || self.source == 'log'",
    message: 'must have source: log to write files: a file is written once, when its window is final',
  },
  ({ output, source }) => output === 'table' || source === 'log',
);

export const sparkFromTheLog = defineRule(
  {
    rule: "self.engine != 'spark' || self.source == 'log'",
    message: 'must have source: log to run on spark: an open window is kept up to date inside the processor',
  },
  ({ engine, source }) => engine !== 'spark' || source === 'log',
);

export const sparkIntoTables = defineRule(
  {
    rule: "self.engine != 'spark' || self.output == 'table'",
    message:
      'must have output: table to run on spark: files are written by DuckDB; give engine: duckdb or auto',
  },
  ({ engine, output }) => engine !== 'spark' || output === 'table',
);

export const uniqueProcessorNames = defineRule(
  {
    rule: 'self.processors.all(p, self.processors.filter(q, q.name == p.name && q.owner == p.owner).size() == 1)',
    message: 'must not name two processors of one owner alike',
  },
  ({ processors }) => {
    const names = (processors as readonly { name: string; owner: string }[]).map(
      (p) => `${p.owner}/${p.name}`,
    );
    return new Set(names).size === names.length;
  },
);

export const recordersHavePartitions = defineRule(
  {
    rule: 'self.recorder.replicas.min <= self.topics.partitions',
    message: 'must not be above spec.topics.partitions: a recorder without a partition has nothing to read',
    fieldPath: '.recorder.replicas.min',
  },
  ({ recorder, topics }) =>
    (recorder as { replicas: { min: number } }).replicas.min <= (topics as { partitions: number }).partitions,
);

export const somethingToRead = defineRule(
  {
    rule: 'self.endpoints.size() > 0 || has(self.nodes)',
    message: 'must have endpoints to read from, or nodes for the operator to run',
  },
  ({ endpoints, nodes }) => (endpoints as readonly unknown[]).length > 0 || nodes !== undefined,
);

/** The streamer gets two addresses of each node beside the endpoints. */
export const maxEndpoints = 100;
export const boundedAddresses = defineRule(
  {
    rule: `!has(self.nodes) || self.endpoints.size() + 2 * self.nodes.replicas <= ${maxEndpoints}`,
    message: `must have at most ${maxEndpoints} addresses in all: one of each endpoint, two of each node`,
  },
  ({ endpoints, nodes }) =>
    nodes === undefined ||
    (endpoints as readonly unknown[]).length + 2 * (nodes as { replicas: number }).replicas <= maxEndpoints,
);

/** Ids of the networks that nodes may join. */
const networkIds = { mainnet: 1, sepolia: 11_155_111, hoodi: 560_048, dev: 1_337 } as const;
type Network = keyof typeof networkIds;
const idsInCel = Object.entries(networkIds).map(([network, id]) => `'${network}': ${id}`);

export const networkOfTheChain = defineRule(
  {
    rule: `!has(self.nodes) || {${idsInCel.join(', ')}}[self.nodes.network] == self.chainId`,
    message: `must be the network of chainId: ${Object.entries(networkIds)
      .map(([network, id]) => `${network} has ${id}`)
      .join(', ')}`,
    fieldPath: '.nodes.network',
  },
  ({ nodes, chainId }) =>
    nodes === undefined || networkIds[(nodes as { network: Network }).network] === chainId,
);

export const consensusForPublicNetworks = defineRule(
  {
    rule: "has(self.consensus) == (self.network != 'dev')",
    message:
      'must have consensus on a public network, where geth follows a consensus client, and none with network: dev',
  },
  ({ consensus, network }) => (consensus !== undefined) === (network !== 'dev'),
);

export const oneDevelopmentNode = defineRule(
  {
    rule: "self.network != 'dev' || self.replicas == 1",
    message: 'must have replicas: 1 with network: dev: each node would make a chain of its own',
  },
  ({ network, replicas }) => network !== 'dev' || replicas === 1,
);
