// `crds.ts write` writes the custom resource definitions of charts/millrace-crds; `crds.ts check` ends with 1 when the
// committed ones are not those of the source.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crdFiles } from '../src/api/crd-files.ts';

const root = new URL('..', import.meta.url).pathname;

const [action] = process.argv.slice(2);
for (const [file, text] of crdFiles()) {
  const path = join(root, file);
  if (action === 'write') writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    process.stderr.write(`${file} is not what src/api says: run make crds\n`);
    process.exitCode = 1;
  }
}
