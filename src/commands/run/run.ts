// `millrace run`: the whole pipeline in one process. Reads flags, opens the process, shows it, ends it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { type DestinationStream, pino } from 'pino';
import { systemClock } from '../../clock.ts';
import { readConfig } from '../../config.ts';
import { refuseStrangers } from '../../data-folder/identity.ts';
import { MillraceError } from '../../errors.ts';
import { createLogger, type Logger } from '../../logger.ts';
import { isAbort } from '../../together.ts';
import { readChecked } from '../check.ts';
import { portFlag } from '../flags.ts';
import { interrupted, stopOnSignals } from '../parts/stop-on-signals.ts';
import { logStatus } from './log-status.ts';
import type { OneProcess } from './one-process.ts';
import { createPanel } from './panel.ts';
import { parseUntil, summary, type Until, untilReached } from './until.ts';

interface Flags {
  readonly file: string;
  readonly rpc: readonly string[];
  readonly until?: string;
  readonly data?: string;
  readonly fresh: boolean;
  readonly host?: string;
  readonly port?: number;
  readonly panel: boolean;
}

const defaultPort = 4680;

export function runCommand(): Command {
  return new Command('run')
    .summary('run a whole pipeline in this process')
    .description(
      'Runs every role of a Pipeline in one process. Managed stores are embedded in one data folder; external ones are used as given.',
    )
    .requiredOption('-f, --file <manifest>', 'the Pipeline, as YAML')
    .option(
      '--rpc <url>',
      'read from this node instead of the manifest’s (repeatable; http(s), ws(s), ipc)',
      collect,
      [],
    )
    .option(
      '--until <block>',
      'end when this block (a number, or head: the head at the start) is final and all that it closes is done',
    )
    .option('--data <folder>', 'the data folder (default: data/<pipeline>, or MILLRACE_DATA)')
    .option(
      '--fresh',
      'forget what the data folder holds and start over (external stores keep what they have)',
      false,
    )
    .option(
      '--host <address>',
      'address that the pages listen on (default: run.host of config.yaml, or 127.0.0.1)',
    )
    .option(
      '--port <port>',
      'port of the pages; 0 takes any free one (default: run.port of config.yaml, or 4680)',
      portFlag,
    )
    .option('--no-panel', 'print structured lines even on a terminal')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace run -f examples/pipeline.yaml
  $ millrace run -f pipeline.yaml --rpc https://rpc.example.org --rpc wss://rpc.example.org
  $ millrace run -f pipeline.yaml --until head --fresh     # for scripts: ends by itself
  $ millrace run -f pipeline.yaml --data /var/lib/millrace --port 0

Ctrl-C stops cleanly; the same command goes on where it was.`,
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const config = readConfig();
  const until = flags.until === undefined ? undefined : parseUntil(flags.until);
  if (flags.until !== undefined && until === undefined) {
    throw new MillraceError('UsageInvalid', {
      problem: `--until takes head or a block number, not ${flags.until}`,
    });
  }
  const pipeline = await readChecked(flags.file);

  const folder = flags.data ?? config.dataFolder ?? join('data', pipeline.metadata.name);
  const onTerminal = flags.panel && process.stderr.isTTY === true && process.stdout.isTTY === true;
  refuseStrangers(folder);
  const stop = stopOnSignals();
  const logger = createLogger({
    level: config.logLevel,
    ...(onTerminal ? { destination: logFile(folder) } : {}),
  });
  const { openOneProcess } = await import('./one-process.ts');
  const opened = await openOneProcess(
    {
      pipeline,
      manifest: flags.file,
      folder,
      fresh: flags.fresh,
      rpc: flags.rpc,
      host: flags.host ?? config.host ?? '127.0.0.1',
      port: flags.port ?? config.port ?? defaultPort,
      config,
      clock: systemClock,
      logger,
    },
    stop.signal,
  ).catch((error: unknown) => {
    if (isAbort(error, stop.signal)) return undefined;
    throw error;
  });
  if (!opened) {
    if (until !== undefined) process.exitCode = interrupted;
    return;
  }
  try {
    await show(opened, { until, onTerminal, colours: config.colours, stop, logger });
  } finally {
    await opened.close();
  }
}

interface Show {
  readonly until: Until | undefined;
  readonly onTerminal: boolean;
  readonly colours: boolean;
  readonly stop: AbortController;
  readonly logger: Logger;
}

async function show(run: OneProcess, { until, onTerminal, colours, stop, logger }: Show): Promise<void> {
  const { signal } = stop;
  const panel = onTerminal
    ? createPanel({ stream: process.stdout, status: run.status, url: run.url, colours, clock: systemClock })
    : undefined;
  if (panel) panel.start();
  else {
    logger.info({ url: run.url }, `pages at ${run.url}`);
    void logStatus(run, { logger, clock: systemClock, signal });
  }
  const running = run.run(signal);
  let reached = until === undefined;
  try {
    if (until === undefined) await running;
    else {
      const target = untilReached(until, run, { clock: systemClock, logger, signal }).then(() => {
        reached = true;
      });
      await Promise.race([running, target]);
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  } finally {
    // Whatever ended it, nothing is closed under a role that still works.
    stop.abort();
    await Promise.allSettled([running]);
    await panel?.stop();
  }
  await running;
  for (const line of await summary(run)) process.stdout.write(`${line}\n`);
  // A script that waits for a block must not take an interruption for it.
  if (!reached) process.exitCode = interrupted;
}

/** While the panel owns the terminal, lines go to a file of the data folder, which --fresh keeps. */
function logFile(folder: string): DestinationStream {
  mkdirSync(folder, { recursive: true });
  return pino.destination({ dest: join(folder, 'millrace.log'), sync: true });
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
