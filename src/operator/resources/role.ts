// A role's pods: one container that runs `millrace web|stream|record|process` on the manifest of its ConfigMap, with the
// Secrets that it reads as variables, watched at its one port.

import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import { inputsOf, type SecretDigests } from '../inputs.ts';
import { childName, metaOf, selectorLabels } from '../names.ts';
import { rolePorts } from '../ports.ts';
import type { RoleComponent } from '../role-manifest.ts';
import { refsOf, variableOf } from '../secret-refs.ts';
import { configMapName } from './config-map.ts';
import {
  containerSecurity,
  httpGet,
  type Json,
  podTemplate,
  probe,
  type Resources,
  resourcesOf,
} from './pod.ts';

export interface RoleShape {
  readonly component: RoleComponent;
  readonly command: 'web' | 'stream' | 'record' | 'process';
  readonly resources: Resources;
  /** Size limit of /tmp, where engines spill to. */
  readonly scratch: string;
  readonly image: 'role' | 'spark';
  /** Variables of its own, by name. */
  readonly env?: Readonly<Record<string, string>>;
  /** `replace`: the old pod ends before the new one starts, because there may be only one. */
  readonly rollout: 'surge' | 'replace';
}

/** How long a role may take to end, and 5 s more until it is killed. */
const graceSeconds = 30;
const folder = '/etc/millrace';

/** Without `spec.replicas`, which the steps decide. */
export function roleDeployment(declared: Declared, shape: RoleShape, digests: SecretDigests): KubeObject {
  const { component, rollout } = shape;
  const { name } = declared;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metaOf(declared, { component }),
    spec: {
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: 600,
      strategy:
        rollout === 'replace'
          ? { type: 'Recreate' }
          : { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: selectorLabels(name, component) },
      template: podTemplate(declared, {
        component,
        account: childName(name, component),
        inputs: inputsOf(declared, component, digests),
        graceSeconds,
        containers: [container(declared, shape)],
        volumes: [
          {
            name: 'manifest',
            configMap: {
              name: configMapName(name),
              items: [{ key: `${component}.yaml`, path: 'pipeline.yaml' }],
              defaultMode: 0o444,
            },
          },
          { name: 'scratch', emptyDir: { sizeLimit: shape.scratch } },
        ],
      }),
    },
  };
}

function container({ spec, images }: Declared, shape: RoleShape): Json {
  const { component, command, env = {} } = shape;
  const port = rolePorts[component];
  const variables = [
    ...Object.entries(env).map(([name, value]) => ({ name, value })),
    ...refsOf(spec, component).map((ref) => ({
      name: variableOf(ref),
      valueFrom: { secretKeyRef: { name: ref.name, key: ref.key } },
    })),
  ];
  const address = ['--host', '0.0.0.0', '--port', String(port)];
  return {
    name: component,
    image: images[shape.image],
    imagePullPolicy: 'IfNotPresent',
    args: [command, '-f', `${folder}/pipeline.yaml`, ...address],
    ...(variables.length > 0 && { env: variables }),
    ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
    // It answers from its first moment; a cold node may take long to get there.
    startupProbe: probe(httpGet('/healthz', 'http'), { every: 1, within: 3, failures: 120 }),
    livenessProbe: probe(httpGet('/healthz', 'http'), { every: 10, within: 5, failures: 6 }),
    // It asks its stores, each for 3 s at most.
    readinessProbe: probe(httpGet('/readyz', 'http'), { every: 5, within: 5, failures: 2 }),
    resources: resourcesOf(shape.resources),
    securityContext: containerSecurity,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'manifest', mountPath: folder, readOnly: true },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
}
