// The consensus client beside a geth of a public network: Lighthouse, which tells it what the head is.

import type { Declared } from '../declared.ts';
import { consensusHttpPort, enginePort, peerPorts } from '../ports.ts';
import { containerSecurity, httpGet, type Json, probe, resourcesOf } from './pod.ts';

const dataFolder = '/consensus';

export function consensusContainer({
  declared,
  network,
  consensus,
  tokenFolder,
}: {
  readonly declared: Declared;
  readonly network: string;
  readonly consensus: { readonly checkpointUrl: string };
  readonly tokenFolder: string;
}): Json {
  const answers = httpGet('/eth/v1/node/version', 'consensus-http');
  return {
    name: 'consensus',
    image: declared.images.consensus,
    imagePullPolicy: 'IfNotPresent',
    command: ['lighthouse'],
    args: [
      'bn',
      `--network=${network}`,
      `--datadir=${dataFolder}`,
      `--execution-endpoint=http://127.0.0.1:${enginePort}`,
      `--execution-jwt=${tokenFolder}/jwt.hex`,
      `--checkpoint-sync-url=${consensus.checkpointUrl}`,
      '--disable-upnp',
      `--port=${peerPorts.consensus}`,
      '--http',
      // The kubelet asks the pod's address; the NetworkPolicy lets nobody else.
      '--http-address=0.0.0.0',
      `--http-port=${consensusHttpPort}`,
    ],
    env: [{ name: 'HOME', value: '/tmp' }],
    ports: [
      { name: 'consensus-http', containerPort: consensusHttpPort, protocol: 'TCP' },
      { name: 'consensus', containerPort: peerPorts.consensus, protocol: 'TCP' },
      { name: 'consensus-udp', containerPort: peerPorts.consensus, protocol: 'UDP' },
    ],
    startupProbe: probe(answers, { every: 10, within: 5, failures: 360 }),
    livenessProbe: probe(answers, { every: 15, within: 10, failures: 8 }),
    resources: resourcesOf({ cpu: '1', memory: '6Gi', memoryLimit: '12Gi' }),
    securityContext: containerSecurity,
    volumeMounts: [
      { name: 'consensus', mountPath: dataFolder },
      { name: 'token', mountPath: tokenFolder, readOnly: true },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
}
