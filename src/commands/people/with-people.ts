// What the commands about users, tokens and the audit trail share: their flags, opening and closing, printing.

import { Command, Option } from 'commander';
import { systemClock } from '../../clock.ts';
import { readConfig } from '../../config.ts';
import { createLogger } from '../../logger.ts';
import type { Accounts } from '../../people/accounts.ts';
import type { People } from '../../people/people.ts';
import type { ResultRow } from '../../stores/results/port.ts';
import { isAbort } from '../../together.ts';
import { formatResult, type OutputFormat, outputFormats } from '../query/format-result.ts';
import { openPeople, type PlaceFlags } from './open-people.ts';

/** A command with the flags that say whose users are meant. */
export function peopleCommand(name: string, summary: string): Command {
  return new Command(name)
    .summary(summary)
    .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
    .option('-f, --file <manifest>', 'the Pipeline whose users these are')
    .option(
      '--data <folder>',
      'its data folder (default: data/<pipeline>, or MILLRACE_DATA, or the only one under data/)',
    );
}

export function formatOption(): Option {
  return new Option(
    '--format <format>',
    'how to print (default: table on a terminal, csv elsewhere)',
  ).choices(outputFormats);
}

export async function withPeople(
  flags: PlaceFlags,
  work: (people: People, accounts: Accounts) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const opened = await openPeople(flags, {
    config: readConfig(),
    clock: systemClock,
    // What goes wrong ends the command, and is told there.
    logger: createLogger({ level: 'error' }),
    signal: stop.signal,
  });
  try {
    await work(opened.people, opened.accounts);
  } catch (error) {
    if (!isAbort(error, stop.signal)) throw error;
    process.exitCode = 130;
  } finally {
    await opened.close();
  }
}

export function printRows(
  columns: readonly string[],
  rows: readonly ResultRow[],
  format: OutputFormat | undefined,
): void {
  const result = {
    columns: columns.map((name) => ({ name, type: 'text' as const })),
    rows,
    truncated: false,
  };
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  process.stdout.write(formatResult(result, format ?? (process.stdout.isTTY ? 'table' : 'csv'), width));
}

export function timeText(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
