// Runs the test suites one after another, says what each took, and ends with one count. `test/run.ts unit faults`
// runs only those. Suites on real servers get one of each, started for them, unless the environment names others.

import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { startCluster } from './kube/cluster.ts';
import { type ServerKind, startServers } from './servers/cluster.ts';

interface Suite {
  readonly name: string;
  readonly files: string;
  /** Files side by side. */
  readonly concurrency: number;
  /** What it may take on a warm machine, in seconds. */
  readonly budget: number;
  /** Reads the addresses of real servers. */
  readonly servers?: boolean;
  /** Reads the kubeconfig of a real API server. */
  readonly kube?: boolean;
}

const root = new URL('..', import.meta.url).pathname;
const suites: readonly Suite[] = [
  { name: 'unit', files: 'src/**/*.test.ts', concurrency: 2, budget: 180 },
  { name: 'end-to-end', files: 'test/end-to-end/*.test.ts', concurrency: 1, budget: 240 },
  { name: 'faults', files: 'test/faults/*.test.ts', concurrency: 1, budget: 120 },
  { name: 'browser', files: 'test/browser/*.test.ts', concurrency: 1, budget: 240 },
  { name: 'stores', files: 'src/**/*.servers.test.ts', concurrency: 2, budget: 480, servers: true },
  { name: 'roles', files: 'test/end-to-end/*.servers.test.ts', concurrency: 1, budget: 180, servers: true },
  // Those that end its parts start a Kubernetes of their own.
  { name: 'kube', files: 'src/kube/**/*.kube.test.ts', concurrency: 1, budget: 240, kube: true },
  {
    name: 'operator',
    files: '{src/{api,operator,commands},test}/**/*.kube.test.ts',
    concurrency: 1,
    budget: 480,
    kube: true,
  },
  // Builds the image, and runs it as a cluster would.
  { name: 'image', files: 'test/image/image.test.ts', concurrency: 1, budget: 300 },
  // They kill servers, so they start their own.
  { name: 'faults-on-servers', files: 'test/faults/*.servers.test.ts', concurrency: 1, budget: 300 },
];
/** Which server each address is of. */
const kinds: Readonly<Record<string, ServerKind>> = {
  KAFKA: 'kafka',
  CASSANDRA: 'cassandra',
  MARIADB: 'mariadb',
  MONGODB: 'mongo',
};

/** All faults with their long freezes take more than half an hour. */
const fileLimitMs = (process.env.MILLRACE_TEST_FAULTS === 'all' ? 60 : 15) * 60_000;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What a test file needs besides Node: `servers`, `kube`, or nothing. */
const kindOf = (file: string): string | undefined => /\.(servers|kube)\.test\.ts$/.exec(file)?.[1];

async function runSuite({ name, files, concurrency }: Suite): Promise<Counts & { seconds: number }> {
  const started = performance.now();
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const found = globSync(files, { cwd: root })
    .filter((file) => kindOf(file) === kindOf(files))
    .map((file) => `${root}${file}`)
    .sort();
  process.stdout.write(`\n── ${name} (${found.length} files)\n`);
  const events = run({
    files: found,
    concurrency,
    timeout: fileLimitMs,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  events.on('test:fail', ({ name: test, file }) => {
    process.exitCode = 1;
    process.stdout.write(`FAILED ${file ? relative(root, file) : ''} ${test}\n`);
  });
  events.on('test:summary', ({ file, counts: summary }) => {
    // The one without a file is the whole suite's.
    if (file !== undefined) return;
    counts.passed = summary.passed;
    counts.failed = summary.tests - summary.passed - summary.skipped - summary.todo;
    counts.skipped = summary.skipped + summary.todo;
  });
  for await (const text of events.compose(spec)) process.stdout.write(text as string);
  return { ...counts, seconds: (performance.now() - started) / 1_000 };
}

/** Starts what the environment does not name; answers what ends it. */
async function withServers(): Promise<() => Promise<void>> {
  const missing = Object.keys(kinds).filter((name) => !process.env[`MILLRACE_TEST_${name}`]);
  if (missing.length === 0) return async () => undefined;
  process.stdout.write('\n── servers\n');
  const folder = mkdtempSync(join(tmpdir(), 'millrace-servers-'));
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const wanted = missing.flatMap((name) => kinds[name] ?? []);
  const servers = await startServers({ folder, nodes: 1, say, detached: false, kinds: wanted });
  for (const [name, address] of Object.entries(servers.addresses))
    process.env[`MILLRACE_TEST_${name}`] = address;
  return async () => {
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** A Kubernetes, unless the environment names one; answers what ends it. */
async function withKube(): Promise<() => Promise<void>> {
  if (process.env.MILLRACE_TEST_KUBE) return async () => undefined;
  process.stdout.write('\n── a Kubernetes\n');
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kube-'));
  const cluster = await startCluster({ folder, say, detached: false });
  process.env.MILLRACE_TEST_KUBE = cluster.kubeconfig;
  return async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no such suite: ${unknown.join(', ')}; there are ${suites.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
let stopServers: (() => Promise<void>) | undefined;
let stopKube: (() => Promise<void>) | undefined;
try {
  for (const suite of suites.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
    if (suite.servers) stopServers ??= await withServers();
    if (suite.kube) stopKube ??= await withKube();
    const { seconds, ...counts } = await runSuite(suite);
    for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key];
    const over = seconds > suite.budget ? `, over its budget of ${suite.budget} s` : '';
    lines.push(
      `${suite.name.padEnd(18)} ${seconds.toFixed(0).padStart(4)} s  ${counts.passed} passed, ${counts.failed} failed${over}`,
    );
  }
} finally {
  await stopServers?.();
  await stopKube?.();
}
process.stdout.write(
  `\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`,
);
// No test at all is a failure, not a success.
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
