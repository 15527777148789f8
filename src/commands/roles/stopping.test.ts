// Ctrl-C while a role still opens its stores: it ends at once and well, whether they refuse, or are silent.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { startMillrace } from '../../../test/millrace-process.ts';

for (const [what, role, signal] of [
  ['refuse', 'stream', 'SIGINT'],
  ['refuse', 'web', 'SIGTERM'],
  ['are silent', 'stream', 'SIGTERM'],
  ['are silent', 'record', 'SIGINT'],
  ['are silent', 'process', 'SIGTERM'],
  ['are silent', 'web', 'SIGINT'],
] as const) {
  test(`${signal} of \`millrace ${role}\` whose stores ${what}`, { timeout: 60_000 }, async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    if (what === 'refuse') server.close();
    else t.after(() => server.close());
    const at = `127.0.0.1:${port}`;
    const env = {
      TOPICS_URL: `kafka://${at}`,
      LOG_URL: `cassandra://${at}/`,
      RESULTS_URL: `mariadb://${at}/`,
      METADATA_URL: `mongodb://${at}/`,
    };
    const running = startMillrace(t, [role, '-f', 'examples/external.yaml', '--port', '0'], { env });
    await running.printed(/watched at/);
    // Now it is opening.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const asked = performance.now();
    running.child.kill(signal);
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    // 5 s on a machine that has time; far from the 25 s that it may take at most.
    assert.ok(performance.now() - asked < 12_000, `${performance.now() - asked} ms\n${stderr}`);
    assert.match(stderr, /has stopped/);
    assert.doesNotMatch(stderr, /"stack"/);
  });
}
