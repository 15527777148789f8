// The pipeline's ConfigMap: the manifest as each of its roles reads it.

import { dump } from 'js-yaml';
import type { KubeObject } from '../../kube/object.ts';
import type { Declared } from '../declared.ts';
import { annotations, metaOf } from '../names.ts';
import { processorsOf, type RoleComponent, roleComponents, roleManifest } from '../role-manifest.ts';

export const configMapName = (pipeline: string): string => `${pipeline}-manifest`;

/** Has it anything to do? */
export function runs(declared: Declared, component: RoleComponent): boolean {
  if (component !== 'processor' && component !== 'processor-spark') return true;
  return processorsOf(declared.spec, component).length > 0;
}

export function configMap(declared: Declared): KubeObject {
  const files = roleComponents
    .filter((component) => runs(declared, component))
    .map((component) => [`${component}.yaml`, dump(roleManifest(declared, component), { noRefs: true })]);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...metaOf(declared, { suffix: 'manifest' }),
      annotations: { [annotations.version]: declared.version },
    },
    data: Object.fromEntries(files),
  };
}
