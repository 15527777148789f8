// Every object that a pipeline may have.

import type { KubeObject } from '../../kube/object.ts';
import { supportOf } from '../controllers/pipeline/support.ts';
import type { Declared } from '../declared.ts';
import { gethStatefulSet } from './geth.ts';
import { jwtSecret } from './jwt-secret.ts';
import { processorDeployment } from './processor.ts';
import { recorderDeployment } from './recorder.ts';
import { streamerDeployment } from './streamer.ts';
import { webDeployment } from './web.ts';

const digests = (): string => 'a-digest';

export function workloadsOf(declared: Declared): readonly KubeObject[] {
  const { nodes } = declared.spec.chain.ethereum;
  return [
    webDeployment(declared, digests),
    streamerDeployment(declared, digests),
    recorderDeployment(declared, digests),
    processorDeployment(declared, 'processor', digests),
    processorDeployment(declared, 'processor-spark', digests),
    ...(nodes ? [gethStatefulSet(declared, nodes, 'a-digest')] : []),
  ];
}

export function allOf(declared: Declared): readonly KubeObject[] {
  return [...supportOf(declared), ...workloadsOf(declared), jwtSecret(declared)];
}
