// Runs the test suites one after another, says what each took, and ends with one count. `test/run.ts unit faults`
// runs only those.

import { globSync } from 'node:fs';
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

interface Suite {
  readonly name: string;
  readonly files: string;
  /** Files side by side. */
  readonly concurrency: number;
  /** What it may take on a warm machine, in seconds. */
  readonly budget: number;
}

const root = new URL('..', import.meta.url).pathname;
const suites: readonly Suite[] = [
  { name: 'unit', files: 'src/**/*.test.ts', concurrency: 2, budget: 180 },
  { name: 'end-to-end', files: 'test/end-to-end/*.test.ts', concurrency: 1, budget: 240 },
  { name: 'faults', files: 'test/faults/*.test.ts', concurrency: 1, budget: 300 },
  { name: 'browser', files: 'test/browser/*.test.ts', concurrency: 1, budget: 240 },
];

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

async function runSuite({ name, files, concurrency }: Suite): Promise<Counts & { seconds: number }> {
  const started = performance.now();
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const found = globSync(files, { cwd: root })
    .map((file) => `${root}${file}`)
    .sort();
  process.stdout.write(`\n── ${name} (${found.length} files)\n`);
  const events = run({
    files: found,
    concurrency,
    timeout: 15 * 60_000,
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
for (const suite of suites.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  const { seconds, ...counts } = await runSuite(suite);
  for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key];
  const over = seconds > suite.budget ? `, over its budget of ${suite.budget} s` : '';
  lines.push(
    `${suite.name.padEnd(12)} ${seconds.toFixed(0).padStart(4)} s  ${counts.passed} passed, ${counts.failed} failed${over}`,
  );
}
process.stdout.write(
  `\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`,
);
// No test at all is a failure, not a success.
if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
