// A Pipeline with everything that one may have, as the operator works with it.

import { readPipeline } from '../api/read-pipeline.ts';
import type { Declared } from './declared.ts';
import { imagesOf, nodeImages } from './images.ts';
import { specOf } from './operator.fixture.ts';

const everything = specOf({
  chain: {
    ethereum: {
      chainId: 1,
      endpoints: [{ url: 'https://rpc.example.org' }],
      nodes: {
        replicas: 2,
        network: 'mainnet',
        storage: '2Ti',
        consensus: { checkpointUrl: 'https://beacon.example.org' },
      },
    },
  },
  processors: [
    { name: 'gas', window: '1h', sql: 'SELECT count(*) AS n FROM transactions' },
    { name: 'large', window: '1d', engine: 'spark', sql: 'SELECT count(*) AS n FROM blocks' },
  ],
});

export function declaredOf(
  options: {
    readonly spec?: Readonly<Record<string, unknown>>;
    readonly namespace?: string;
    readonly uid?: string;
    readonly version?: string;
  } = {},
): Declared {
  const { spec, namespace = 'shop', uid = 'a-uid', version = '0.3.0' } = options;
  const apiVersion = 'millrace.dev/v1alpha1';
  const { pipeline, problems } = readPipeline({
    apiVersion,
    kind: 'Pipeline',
    metadata: { name: 'chain' },
    spec: { ...everything, ...spec },
  });
  if (!pipeline) throw new Error(JSON.stringify(problems));
  return {
    ...{ name: 'chain', namespace, generation: 1, pipeline, spec: pipeline.spec, version },
    owner: { apiVersion, kind: 'Pipeline', name: 'chain', uid },
    images: imagesOf({ own: 'registry.test/millrace:0.3.0', ownVersion: '0.3.0', ...nodeImages }, version),
    rotate: undefined,
  };
}
