// The Dockerfile's base where no registry is: Debian from its own packages, under the name that the official one has.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needCommand } from '../servers/artefacts.ts';
import { buildah, command } from './buildah.ts';

const name = 'docker.io/library/debian:bookworm-slim';
const mirror = 'http://deb.debian.org/debian';
/** Authorities that this machine adds to Debian's, such as a proxy's. */
export const ownAuthorities = '/usr/local/share/ca-certificates';

/** Its name, for `--build-arg BASE=`. MILLRACE_IMAGE_BASE names another, which is pulled. */
export async function baseImage(say: (line: string) => void): Promise<string> {
  const given = process.env.MILLRACE_IMAGE_BASE;
  if (given) {
    await buildah(['pull', '-q', given], { say });
    return given;
  }
  const known = await buildah(['images', '--format', '{{.Name}}:{{.Tag}}']);
  if (known.split('\n').includes(name)) return name;
  await needCommand('debootstrap', 'debootstrap');
  say(`making ${name} from Debian's packages …`);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-base-'));
  try {
    const system = join(folder, 'system');
    await command('debootstrap', ['--variant=minbase', 'bookworm', system, mirror]);
    const leftOut = ['./var/cache/apt/archives/*.deb', './var/lib/apt/lists/*', './dev/*', './proc/*'];
    const tar = ['-C', system, ...leftOut.map((each) => `--exclude=${each}`), '-cf'];
    await command('tar', [...tar, join(folder, 'system.tar'), '.']);
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nADD system.tar /\nCMD ["/bin/sh"]\n');
    await buildah(['bud', '-q', '-t', name, folder]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return name;
}
