// Chain nodes: geth as PID 1, with ten minutes to write its state down, because one that is killed begins anew. A node is
// ready while its head is young, which geth itself is asked. On a public network a consensus client stands beside it.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import { nodeInputs } from '../inputs.ts';
import { childName, labelsOf, metaOf, selectorLabels } from '../names.ts';
import { enginePort, gethPorts, peerPorts } from '../ports.ts';
import { consensusContainer } from './consensus.ts';
import { jwtSecretName } from './jwt-secret.ts';
import { containerSecurity, type Json, podTemplate, probe, resourcesOf } from './pod.ts';

const graceSeconds = 600;
/** Ten slots: a few in a row may stay empty. */
const youngSeconds = 120;
const dataFolder = '/data';
const settings = '/etc/geth';
const tokenFolder = '/etc/jwt';
const readyScript = 'ready.js';

export type Nodes = NonNullable<Declared['spec']['chain']['ethereum']['nodes']>;

/** Geth's console runs it, and ends with 1 when it throws. */
export function nodeSettings(declared: Declared): KubeObject {
  const script = `var head = eth.getBlock('latest');
var age = Math.floor(Date.now() / 1000) - head.timestamp;
if (age > ${youngSeconds}) throw new Error('block ' + head.number + ' is ' + age + ' s old');
`;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metaOf(declared, { component: 'geth' }),
    data: { [readyScript]: script },
  };
}

/** Volumes as large as `storage` says. */
export function gethStatefulSet(declared: Declared, nodes: Nodes, token: string | undefined): KubeObject {
  const { name } = declared;
  const consensus = nodes.consensus;
  const withConsensus = consensus !== undefined;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metaOf(declared, { component: 'geth' }),
    spec: {
      serviceName: childName(name, 'geth'),
      // Syncing takes days: nodes do not wait for each other to begin, only to be changed.
      podManagementPolicy: 'Parallel',
      revisionHistoryLimit: 3,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      updateStrategy: { type: 'RollingUpdate' },
      selector: { matchLabels: selectorLabels(name, 'geth') },
      template: podTemplate(declared, {
        component: 'geth',
        account: childName(name, 'geth'),
        inputs: nodeInputs(declared, token),
        graceSeconds,
        containers: [
          gethContainer(declared, nodes),
          ...(withConsensus
            ? [consensusContainer({ declared, network: nodes.network, consensus, tokenFolder })]
            : []),
        ],
        volumes: [
          { name: 'settings', configMap: { name: childName(name, 'geth'), defaultMode: 0o444 } },
          ...(withConsensus
            ? [{ name: 'token', secret: { secretName: jwtSecretName(name), defaultMode: 0o440 } }]
            : []),
          { name: 'scratch', emptyDir: { sizeLimit: '1Gi' } },
        ],
      }),
      volumeClaimTemplates: [
        claim(name, 'data', nodes.storage),
        ...(consensus ? [claim(name, 'consensus', consensus.storage)] : []),
      ],
    },
  };
}

function gethContainer({ images }: Declared, nodes: Nodes): Json {
  const local = `http://127.0.0.1:${gethPorts.http}`;
  const listening = { tcpSocket: { port: 'http' } };
  const ask = [
    ...['geth', 'attach', '--datadir', '/tmp', '--preload', `${settings}/${readyScript}`],
    ...['--exec', 'true', local],
  ];
  return {
    name: 'geth',
    image: images.geth,
    imagePullPolicy: 'IfNotPresent',
    command: ['geth'],
    args: gethArguments(nodes),
    env: [{ name: 'HOME', value: '/tmp' }],
    ports: [
      { name: 'http', containerPort: gethPorts.http, protocol: 'TCP' },
      { name: 'ws', containerPort: gethPorts.ws, protocol: 'TCP' },
      { name: 'peers', containerPort: peerPorts.geth, protocol: 'TCP' },
      { name: 'peers-udp', containerPort: peerPorts.geth, protocol: 'UDP' },
    ],
    // After a hard stop it may repair its database for an hour.
    startupProbe: probe(listening, { every: 10, within: 5, failures: 360 }),
    livenessProbe: probe(listening, { every: 15, within: 10, failures: 8 }),
    readinessProbe: probe({ exec: { command: ask } }, { every: 15, within: 10, failures: 2 }),
    resources: resourcesOf(
      nodes.network === 'dev'
        ? { cpu: '100m', memory: '256Mi', memoryLimit: '1Gi' }
        : { cpu: '2', memory: '16Gi', memoryLimit: '24Gi' },
    ),
    securityContext: containerSecurity,
    volumeMounts: [
      { name: 'data', mountPath: dataFolder },
      { name: 'settings', mountPath: settings, readOnly: true },
      ...(nodes.consensus ? [{ name: 'token', mountPath: tokenFolder, readOnly: true }] : []),
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
}

function gethArguments({ network, maxPeers, consensus }: Nodes): readonly string[] {
  const apis = 'eth,net,web3';
  return [
    ...(network === 'dev' ? ['--dev', '--dev.period=12'] : [`--${network}`, '--syncmode=snap']),
    `--datadir=${dataFolder}`,
    '--ipcdisable',
    `--maxpeers=${maxPeers}`,
    `--port=${peerPorts.geth}`,
    ...['--http', '--http.addr=0.0.0.0', `--http.port=${gethPorts.http}`, `--http.api=${apis}`],
    '--http.vhosts=*',
    ...['--ws', '--ws.addr=0.0.0.0', `--ws.port=${gethPorts.ws}`, `--ws.api=${apis}`, '--ws.origins=*'],
    ...(consensus
      ? [
          '--authrpc.addr=127.0.0.1',
          `--authrpc.port=${enginePort}`,
          `--authrpc.jwtsecret=${tokenFolder}/jwt.hex`,
        ]
      : []),
  ];
}

const claim = (pipeline: string, name: string, storage: string): Json => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, labels: labelsOf(pipeline, 'geth') },
  spec: {
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    resources: { requests: { storage } },
  },
});
