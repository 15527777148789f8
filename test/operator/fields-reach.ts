// Whose pods a field may roll, by what docs/operator.md promises; the longest prefix counts.

import { type Path, textOf } from './fields.ts';

const roles = ['web', 'streamer', 'recorder', 'processor', 'processor-spark'] as const;
const processors = ['processor', 'processor-spark'] as const;

const reach: Readonly<Record<string, readonly string[]>> = {
  version: [...roles, 'geth'],
  paused: [],
  stopped: [],
  deletionPolicy: [],
  replicationFactor: roles,
  'chain.ethereum.chainId': roles,
  'chain.ethereum.endpoints': ['streamer'],
  'chain.ethereum.nodes': ['streamer', 'geth'],
  'chain.ethereum.nodes.replicas': ['streamer'],
  'chain.ethereum.nodes.maxPeers': ['geth'],
  'chain.ethereum.nodes.network': ['geth'],
  'chain.ethereum.nodes.storage': [],
  'chain.ethereum.nodes.consensus': ['geth'],
  'chain.ethereum.nodes.consensus.storage': [],
  'chain.ethereum.start': ['web', 'streamer', ...processors],
  'chain.ethereum.finality': ['web', 'streamer'],
  'chain.ethereum.logs': roles,
  topics: roles,
  transactionLog: roles,
  results: ['web', ...processors],
  'web.metadata': ['web'],
  'web.replicas': [],
  recorder: [],
  processing: [],
  processors: ['web', ...processors],
};

/** undefined: nobody has said it of this field. */
export function reachOf(path: Path): readonly string[] | undefined {
  const prefixes = path.map((_, index) => textOf(path.slice(0, path.length - index)));
  const found = prefixes.find((prefix) => prefix in reach);
  return found === undefined ? undefined : reach[found];
}

/** Of fields that only hold others: whatever is below. */
export function reachBelow(path: Path): readonly string[] {
  const name = textOf(path);
  return Object.entries(reach).flatMap(([field, who]) => (field.startsWith(`${name}.`) ? who : []));
}
