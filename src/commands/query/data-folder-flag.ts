// Which data folder a command means: the one given, the manifest's, or the only one there is.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../errors.ts';

/** @throws UsageInvalid when it cannot tell, DataFolderMissing */
export function dataFolder({
  given,
  pipeline,
}: {
  readonly given: string | undefined;
  readonly pipeline: string | undefined;
}): string {
  const folder = given ?? (pipeline === undefined ? theOnlyOne() : join('data', pipeline));
  if (!existsSync(join(folder, 'identity.json'))) throw new MillraceError('DataFolderMissing', { folder });
  return folder;
}

function theOnlyOne(): string {
  const folders = existsSync('data')
    ? readdirSync('data').filter((name) => existsSync(join('data', name, 'identity.json')))
    : [];
  const [first, ...others] = folders;
  if (first === undefined) throw new MillraceError('DataFolderMissing', { folder: 'data' });
  if (others.length === 0) return join('data', first);
  throw new MillraceError('UsageInvalid', {
    problem: `there are several data folders (${folders.join(', ')}): say which with -f or --data`,
  });
}
