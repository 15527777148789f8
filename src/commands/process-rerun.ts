// `millrace process rerun`: the finished windows of one processor, computed again from the log. On embedded stores the
// folder must be free; on external ones processors may run on.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { parseRetention } from '../api/duration.ts';
import type { Pipeline } from '../api/pipeline.ts';
import { readManifest } from '../api/read-manifest.ts';
import { createTurns } from '../batch-engine/turns.ts';
import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import { openEmbeddedStores } from '../data-folder/embedded-stores.ts';
import { checkIdentity } from '../data-folder/identity.ts';
import { lockFolder } from '../data-folder/lock.ts';
import { MillraceError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import type { ProcessorSpec } from '../processor/compute-window.ts';
import { ensureOwnTable } from '../processor/own-table.ts';
import { planRerun, type RerunProgress, rerun } from '../processor/rerun.ts';
import { createWindowCounts } from '../processor/window-counts.ts';
import type { Stores } from '../stores/opening/stores.ts';
import { isoTime } from '../stores/results/iso-time.ts';
import { isAbort } from '../together.ts';
import { openEngines } from './parts/engines.ts';
import { openersOf } from './parts/external-stores.ts';
import { processorSpecs, windowLimits } from './parts/processors.ts';
import { dataFolder } from './query/data-folder-flag.ts';
import { timeFlag } from './time-flag.ts';

interface Flags {
  readonly file: string;
  readonly data?: string;
  readonly from?: number;
  readonly to?: number;
  readonly dryRun?: true;
}

const moment = (text: string): number => timeFlag(text, systemClock.now());

export function processRerunCommand(): Command {
  return (
    new Command('rerun')
      .summary('compute the finished windows of a processor again')
      .description(
        'Computes the finished windows of one processor again from the log and replaces their rows, window by window. Windows that the log no longer holds keep their rows. Running it again changes nothing.',
      )
      .argument('<name>', 'the processor')
      // The command above, `process`, takes it wherever it stands.
      .option('-f, --file <manifest>', 'the Pipeline that has it')
      .option('--data <folder>', 'its data folder, where stores are embedded (default: data/<pipeline>)')
      .option('--from <time>', 'windows that begin at or after this UTC date, time or age', moment)
      .option('--to <time>', 'windows that begin before this UTC date, time or age', moment)
      .option('--dry-run', 'only print the windows')
      .addHelpText(
        'after',
        `
Examples:
  $ millrace process rerun gas-by-hour -f pipeline.yaml --from 2026-01-01 --to 2026-02-01
  $ millrace process rerun gas-by-hour -f pipeline.yaml --from 7d
  $ millrace process rerun gas-by-hour -f pipeline.yaml --from 2026-01-31T10:00:00Z --dry-run

Ctrl-C ends it after the window at hand and prints how to go on.`,
      )
      .action((name: string, _own: unknown, command: Command) => run(name, command.optsWithGlobals<Flags>()))
  );
}

async function run(name: string, flags: Flags): Promise<void> {
  const config = readConfig();
  const pipeline = await readManifest(flags.file);
  const spec = specOf(name, pipeline);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  await withStores({ pipeline, data: flags.data ?? config.dataFolder }, async (stores, tempFolder) => {
    const logger = createLogger({ level: 'warn' });
    const engines = await openEngines({ pipeline, config, tempFolder, clock: systemClock, logger });
    const { engine } = engines;
    try {
      const table = await ensureOwnTable({ spec, engine, results: stores.results });
      const deps = {
        ...{ spec, engine, table, logger, clock: systemClock, signal: stop.signal },
        ...{ log: stores.log, results: stores.results, limits: windowLimits, holder: randomUUID() },
        turns: createTurns({ concurrent: 1, waiting: 1 }),
        counts: createWindowCounts(),
        retention: parseRetention(pipeline.spec.transactionLog.retention),
      };
      const plan = await planRerun(flags, deps);
      if (flags.dryRun) return printPlan(spec, plan.windows);
      let last: RerunProgress | undefined;
      const onWindow = (progress: RerunProgress): void => {
        last = progress;
        printProgress(progress);
      };
      await rerun(plan, { ...deps, onWindow }).catch((error: unknown) => {
        printStop(spec, flags, last, plan.windows);
        if (!isAbort(error, stop.signal)) throw error;
        process.exitCode = 130;
      });
      if (process.exitCode !== 130) printEnd(spec, `${table.owner}.${table.name}`, plan.windows);
    } finally {
      await engines.close();
    }
  });
}

/** @throws ProcessorUnknown */
function specOf(name: string, pipeline: Pipeline): ProcessorSpec {
  const specs = processorSpecs(pipeline);
  const spec = specs.find((one) => one.name === name);
  if (spec) return spec;
  const known = specs.map((one) => one.name).join(', ') || 'none';
  throw new MillraceError('ProcessorUnknown', { name, known });
}

/** @throws DataFolderLocked, DataFolderMissing, DataFolderForeign, and what the stores throw */
async function withStores(
  { pipeline, data }: { readonly pipeline: Pipeline; readonly data: string | undefined },
  work: (stores: Pick<Stores, 'log' | 'results'>, tempFolder: string) => Promise<void>,
): Promise<void> {
  const logger = createLogger({ level: 'warn' });
  const failed = (): void => undefined; // Said by the command itself, which ends.
  const openers = openersOf(['log', 'results'], {
    ...{ pipeline, config: readConfig(), clock: systemClock, logger, failed },
  });
  if (openers.log && openers.results) {
    const tempFolder = await mkdtemp(join(tmpdir(), 'millrace-rerun-'));
    const [log, results] = [await openers.log(), await openers.results()];
    try {
      return await work({ log, results }, tempFolder);
    } finally {
      await results.close();
      await log.close();
      await rm(tempFolder, { recursive: true, force: true });
    }
  }
  const folder = dataFolder({ given: data, pipeline: pipeline.metadata.name });
  const lock = lockFolder(folder);
  try {
    const { chainId, logs } = pipeline.spec.chain.ethereum;
    checkIdentity(folder, { pipeline: pipeline.metadata.name, chainId, logs });
    const stores = await openEmbeddedStores({
      ...{ folder, external: openers, clock: systemClock, logger, logs },
    });
    try {
      await work(stores, join(folder, 'tmp'));
    } finally {
      await stores.close();
    }
  } finally {
    lock.release();
  }
}

function printPlan({ name, window }: ProcessorSpec, windows: readonly number[]): void {
  for (const start of windows) process.stdout.write(`${isoTime(start)} to ${isoTime(start + window)}\n`);
  process.stdout.write(`${name}: ${count(windows)} would be computed again\n`);
}

function printProgress({ done, of, window, rows, etaSeconds }: RerunProgress): void {
  process.stderr.write(`${done}/${of} ${isoTime(window)}: ${rows} rows; ${etaSeconds} s left\n`);
}

function printEnd({ name }: ProcessorSpec, table: string, windows: readonly number[]): void {
  process.stdout.write(`${name}: ${count(windows)} of ${table} computed again\n`);
}

function printStop(
  { name, window }: ProcessorSpec,
  { file, to }: Flags,
  last: RerunProgress | undefined,
  windows: readonly number[],
): void {
  const next = last === undefined ? windows[0] : last.window + window;
  if (next === undefined) return;
  const until = to === undefined ? '' : ` --to ${isoTime(to)}`;
  process.stderr.write(
    `${name}: ${last?.done ?? 0} of ${count(windows)} done; to go on: millrace process rerun ${name} -f ${file} --from ${isoTime(next)}${until}\n`,
  );
}

function count(windows: readonly number[]): string {
  return `${windows.length} finished window${windows.length === 1 ? '' : 's'}`;
}
