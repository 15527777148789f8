// MariaDB, from Debian or wherever this machine has it.

import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needCommand } from './artefacts.ts';
import type { Cluster, StartOptions } from './cluster.ts';
import { freePort, startServer } from './server-process.ts';

const run = promisify(execFile);
const host = '127.0.0.1';

export async function startMariaDb({ folder, say, detached }: StartOptions): Promise<Cluster> {
  await needCommand('mariadbd', 'mariadb-server');
  const place = join(folder, 'mariadb');
  const data = join(place, 'data');
  mkdirSync(place, { recursive: true });
  const env = { PATH: `${process.env.PATH}:/usr/sbin` };
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
  say('making a MariaDB data folder …');
  const install = [
    '--no-defaults',
    `--datadir=${data}`,
    ...asRoot,
    '--auth-root-authentication-method=normal',
  ];
  await run('mariadb-install-db', [...install, '--skip-test-db'], { env: { ...process.env, ...env } });
  const port = await freePort(host);
  const server = await startServer(
    {
      name: 'mariadb',
      command: 'mariadbd',
      args: [
        '--no-defaults',
        `--datadir=${data}`,
        ...asRoot,
        `--bind-address=${host}`,
        `--port=${port}`,
        `--socket=${join(place, 's')}`,
        `--pid-file=${join(place, 'pid')}`,
      ],
      cwd: place,
      env,
      logFile: join(place, 'mariadb.log'),
      ready: /ready for connections/,
    },
    { detached },
  );
  return { addresses: { MARIADB: `mariadb://root@${host}:${port}/` }, servers: [server] };
}
