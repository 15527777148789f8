import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildImage } from './build.ts';
import { type OpenImage, openImage } from './run-image.ts';

const say = (line: string): void => void process.stderr.write(`image: ${line}\n`);
let image: OpenImage;

before(async () => {
  image = await openImage((await buildImage({ target: 'spark', say })).name);
});
after(async () => {
  await image?.close();
});

describe('the image with Spark', () => {
  it('starts a driver on a read-only root, with nothing to fetch or compile', async () => {
    const code = `
      import { systemClock } from '/app/src/clock.ts';
      import { readConfig } from '/app/src/config.ts';
      import { sparkConf } from '/app/src/batch-engine/spark/conf.ts';
      import { Driver } from '/app/src/batch-engine/spark/driver.ts';
      import { prepareSpark, writeLogging } from '/app/src/batch-engine/spark/setup.ts';
      const said = [];
      const logger = { info: (...of) => said.push(of.at(-1)), debug: () => undefined };
      const { classPath, shipped } = await prepareSpark({ cache: readConfig().cacheFolder, logger });
      const nowhere = { hosts: [{ host: '127.0.0.1', port: 1 }], path: '', options: new Map(), name: 'nowhere' };
      const conf = sparkConf({ master: 'local[1]', cassandra: nowhere, shipped, tempFolder: '/tmp', executorBytes: 1e9 });
      const driver = new Driver({ classPath, heapBytes: 512 * 1024 ** 2, loggingFile: await writeLogging('/tmp'),
        tempFolder: '/tmp', conf, clock: systemClock, logger });
      const refused = await driver.run({}, AbortSignal.timeout(100_000)).catch((error) => error);
      await driver.close();
      console.log(JSON.stringify({ said, name: refused.constructor.name, kind: refused.kind, message: refused.message }));`;
    const node = [
      '/usr/local/bin/node',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
    ];
    const { status, stdout, stderr } = await image.run([code], { entrypoint: node, timeoutMs: 150_000 });
    assert.equal(status, 0, stderr);
    const { said, name, message } = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    // The driver is up, and says itself that an empty job is none.
    assert.equal(name, 'JobFailed', String(message));
    assert.match(String(message), /JsonNode/);
    assert.deepEqual(said, ["Spark's driver starts"]);
  });

  it('is the other one beside it', async () => {
    const { status, stdout } = await image.run(['check', '-f', '/app/examples/pipeline.yaml']);
    assert.equal(status, 0);
    assert.match(stdout, /is good/);
  });
});
