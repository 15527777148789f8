// A server of MongoDB's wire protocol, for machines that have no mongod.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { compiled, jarFolder } from './artefacts.ts';
import type { Cluster, StartOptions } from './cluster.ts';
import { freePort, startServer } from './server-process.ts';

const host = '127.0.0.1';

export async function startMongo({ folder, say, detached }: StartOptions): Promise<Cluster> {
  const lib = await jarFolder('mongo', say);
  const classes = await compiled('mongo', 'MongoWire.java', say);
  const place = join(folder, 'mongo');
  mkdirSync(place, { recursive: true });
  const port = await freePort(host);
  const server = await startServer(
    {
      name: 'mongo',
      command: 'java',
      args: ['-Xmx256m', '-cp', `${classes}:${lib}/*`, 'MongoWire', host, String(port), join(place, 'data')],
      cwd: place,
      logFile: join(place, 'mongo.log'),
      ready: /^ready$/m,
    },
    { detached },
  );
  return { addresses: { MONGODB: `mongodb://${host}:${port}/` }, servers: [server] };
}
