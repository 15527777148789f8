import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const launch = fileURLToPath(new URL('launch.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-launch-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Start {
  readonly pid: number;
  readonly flags: readonly string[];
  readonly arenas: string | undefined;
}

/** Every Node that starts says so first: the launcher, then the command line in its place. */
const preload = join(folder, 'say.cjs');
writeFileSync(
  preload,
  `process.stderr.write('start ' + JSON.stringify({
    pid: process.pid, flags: process.execArgv, arenas: process.env.MALLOC_ARENA_MAX }) + '\\n');`,
);

function starts(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launch, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, NODE_OPTIONS: `--require=${preload}`, ...env },
    timeout: 60_000,
  });
  const lines = stderr.split('\n').filter((line) => line.startsWith('start '));
  return { status, stdout, seen: lines.map((line) => JSON.parse(line.slice(6)) as Start) };
}

test('a role starts in the launcher’s own process, with the memory of that role', () => {
  const { status, stdout, seen } = starts(['stream', '--help']);
  assert.equal(status, 0);
  assert.match(stdout, /Usage: millrace stream/);
  const [first, second] = seen;
  assert.equal(seen.length, 2);
  assert.equal(second?.pid, first?.pid);
  for (const flag of ['--max-semi-space-size=16', '--max-old-space-size=256', '--initial-old-space-size=128'])
    assert.ok(second?.flags.includes(flag), flag);
  assert.equal(second?.arenas, '2');
});

test('other commands keep Node’s own limit of the heap; what the environment says stays', () => {
  const { seen } = starts(['web', '--help'], { MALLOC_ARENA_MAX: '4' });
  const flags = seen[1]?.flags ?? [];
  assert.ok(flags.includes('--max-semi-space-size=16'));
  assert.ok(!flags.some((flag) => flag.startsWith('--max-old-space-size')));
  assert.equal(seen[1]?.arenas, '4');
});

test('arguments and exit code pass unchanged', () => {
  const { status } = starts(['check', '-f', 'no such file.yaml']);
  assert.equal(status, 2);
});
