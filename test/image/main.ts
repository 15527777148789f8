// `bin/node24 test/image/main.ts [millrace|spark] [--fresh] [--archive FILE]`: builds the image without Docker, prints its
// digest, and writes it to a file that `ctr images import` and `docker load` take.

import { parseArgs } from 'node:util';
import { buildImage, type Target, writeArchive } from './build.ts';

const say = (line: string): void => void process.stderr.write(`image: ${line}\n`);

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { fresh: { type: 'boolean' }, archive: { type: 'string' } },
  });
  const [target = 'millrace', ...more] = positionals;
  if (!isTarget(target) || more.length > 0) throw new Error('give millrace or spark');
  const image = await buildImage({ target, say, fresh: values.fresh ?? false });
  if (values.archive !== undefined) await writeArchive(image, values.archive);
  process.stdout.write(`${image.name}@${image.digest}\n`);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

function isTarget(name: string): name is Target {
  return name === 'millrace' || name === 'spark';
}
