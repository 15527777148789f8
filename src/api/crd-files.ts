// The files of charts/millrace-crds/templates. `make crds` writes them; `make check` and a test compare.

import { dump } from 'js-yaml';
import { crdName, crdOf } from './crd.ts';
import { kinds } from './kinds.ts';

const folder = 'charts/millrace-crds/templates';

/** Path from the project's root → text. */
export function crdFiles(): ReadonlyMap<string, string> {
  return new Map(
    kinds.map((kind) => {
      const yaml = dump(crdOf(kind), { noRefs: true, lineWidth: 120 });
      return [`${folder}/${crdName(kind)}.yaml`, `# Written by make crds from src/api.\n${yaml}`];
    }),
  );
}
