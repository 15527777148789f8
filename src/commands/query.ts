// `millrace query`: one SELECT over the log and the results. Where these are external they are asked themselves; else,
// while a pipeline runs on the folder the question goes through it, otherwise the folder is opened for the moment.

import { Command, Option } from 'commander';
import type { Pipeline } from '../api/pipeline.ts';
import { readManifest } from '../api/read-manifest.ts';
import type { QueryResult } from '../batch-engine/run-query.ts';
import { systemClock } from '../clock.ts';
import { type Config, readConfig } from '../config.ts';
import { MillraceError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import { isAbort } from '../together.ts';
import { countFlag } from './flags.ts';
import { dataFolder } from './query/data-folder-flag.ts';
import { formatResult, type OutputFormat, outputFormats } from './query/format-result.ts';
import type { Queries } from './query/open-queries.ts';

interface Flags {
  readonly file?: string;
  readonly data?: string;
  readonly format?: OutputFormat;
  readonly limit: number;
  readonly timeout: number;
  readonly save?: string;
  readonly saved?: string | true;
  readonly delete?: string;
}

export function queryCommand(): Command {
  return new Command('query')
    .summary('ask the log and the results with SQL')
    .description('Runs one SELECT over blocks, transactions, logs, transfers and the result tables.')
    .argument('[sql]', 'the SELECT; - reads it from standard input')
    .option('-f, --file <manifest>', 'the Pipeline whose data to ask')
    .option(
      '--data <folder>',
      'its data folder (default: data/<pipeline>, or MILLRACE_DATA, or the only one under data/)',
    )
    .addOption(
      new Option('--format <format>', 'how to print (default: table on a terminal, csv elsewhere)').choices(
        outputFormats,
      ),
    )
    .option('--limit <rows>', 'at most so many rows', countFlag, 10_000)
    .option('--timeout <seconds>', 'at most so long', countFlag, 60)
    .option('--save <name>', 'keep the SQL under this name (after it ran)')
    .option('--saved [name]', 'run the query kept under this name; without a name, list them')
    .option('--delete <name>', 'forget the query kept under this name')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace query 'SELECT count(*), max(block_number) FROM transactions'
  $ millrace query 'SELECT to_address, sum(receipt_gas_used) AS gas FROM transactions GROUP BY 1 ORDER BY 2 DESC LIMIT 10'
  $ millrace query 'SELECT * FROM cluster.gas_by_window' --format csv > gas.csv
  $ millrace query 'SELECT uint256_sum(value) FROM transfers' --save all-transfers
  $ millrace query --saved all-transfers --format json

Tables, columns and functions: docs/sql.md.`,
    )
    .action(query);
}

async function query(sql: string | undefined, flags: Flags): Promise<void> {
  const config = readConfig();
  const pipeline = flags.file === undefined ? undefined : await readManifest(flags.file);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const queries = await open(pipeline, flags, { config, signal: stop.signal });
  try {
    await answer(sql, flags, queries);
  } catch (error) {
    if (!isAbort(error, stop.signal)) throw error;
    process.exitCode = 130;
  } finally {
    await queries.close();
  }
}

async function answer(given: string | undefined, flags: Flags, queries: Queries): Promise<void> {
  if (flags.delete !== undefined) {
    if (!(await queries.remove(flags.delete)))
      throw new MillraceError('QueryUnknown', { name: flags.delete });
    return;
  }
  if (flags.save !== undefined && !/^[a-z0-9][a-z0-9-]{0,63}$/.test(flags.save)) {
    throw new MillraceError('QueryNameInvalid', { name: JSON.stringify(flags.save) });
  }
  if (flags.saved === true) return print(savedList(await queries.saved()), flags);
  const sql = await sqlOf(given, flags, queries);
  const result = await queries.run(sql, { rows: flags.limit, timeMs: flags.timeout * 1_000 });
  print(result, flags);
  if (flags.save !== undefined) {
    await queries.save(flags.save, sql);
    process.stderr.write(`saved as ${flags.save}: millrace query --saved ${flags.save}\n`);
  }
}

async function sqlOf(given: string | undefined, flags: Flags, queries: Queries): Promise<string> {
  if (typeof flags.saved === 'string') {
    const found = (await queries.saved()).find(({ name }) => name === flags.saved);
    if (!found) throw new MillraceError('QueryUnknown', { name: flags.saved });
    return found.sql;
  }
  const sql = given === '-' ? (await process.stdin.toArray()).join('') : given;
  if (sql?.trim()) return sql;
  throw new MillraceError('UsageInvalid', { problem: 'there is no SQL to run' });
}

function savedList(saved: Awaited<ReturnType<Queries['saved']>>): QueryResult {
  return {
    columns: [
      { name: 'name', type: 'text' },
      { name: 'sql', type: 'text' },
    ],
    rows: saved.map(({ name, sql }) => [name, sql]),
    truncated: false,
  };
}

function print(result: QueryResult, flags: Flags): void {
  const format = flags.format ?? (process.stdout.isTTY ? 'table' : 'csv');
  process.stdout.write(
    formatResult(result, format, process.stdout.isTTY ? process.stdout.columns : undefined),
  );
  if (result.truncated)
    process.stderr.write(`only the first ${result.rows.length} rows: there are more (--limit)\n`);
}

async function open(
  pipeline: Pipeline | undefined,
  flags: Flags,
  { config, signal }: { readonly config: Config; readonly signal: AbortSignal },
): Promise<Queries> {
  const common = { clock: systemClock, logger: createLogger({ level: 'warn' }), signal };
  if (pipeline?.spec.transactionLog.cassandra.external && pipeline.spec.results.mariadb.external) {
    const { openExternalQueries } = await import('./query/external-queries.ts');
    return openExternalQueries({ ...common, pipeline, config });
  }
  const folder = await dataFolder({
    given: flags.data ?? config.dataFolder,
    pipeline: pipeline?.metadata.name,
  });
  const { openQueries } = await import('./query/open-queries.ts');
  return openQueries({ ...common, folder });
}
