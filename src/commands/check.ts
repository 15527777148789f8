// `millrace check`: is this manifest good? Fields, rules, and the SQL of every processor, without starting anything.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { load } from 'js-yaml';
import type { Pipeline } from '../api/pipeline.ts';
import { readManifest } from '../api/read-manifest.ts';
import { systemClock } from '../clock.ts';
import { describeError, isMillraceError, MillraceError } from '../errors.ts';

export function checkCommand(): Command {
  return new Command('check')
    .summary('validate a manifest')
    .description('Validates a Pipeline: every problem at once, each with its path and what to do.')
    .requiredOption('-f, --file <manifest>', 'the Pipeline, as YAML')
    .addHelpText('after', '\nExamples:\n  $ millrace check -f examples/pipeline.yaml')
    .action(async ({ file }: { file: string }) => {
      const { metadata, spec } = await readChecked(file);
      process.stdout.write(
        `${file}: Pipeline ${metadata.name} is good (${spec.processors.length} processors)\n`,
      );
    });
}

/** Fields, rules and SQL: ready to run, or every problem at once. @throws ManifestUnreadable, ManifestInvalid, SqlInvalid, SqlDenied */
export async function readChecked(file: string): Promise<Pipeline> {
  let problems: readonly string[] = [];
  let pipeline: Pipeline | undefined;
  try {
    pipeline = await readManifest(file);
  } catch (error) {
    if (!isMillraceError(error, 'ManifestInvalid')) throw error;
    problems = error.details;
  }
  const processors = pipeline?.spec.processors ?? (await sqlOf(file));
  const refused = await sqlProblems(processors, { logs: pipeline?.spec.chain.ethereum.logs ?? true });
  const [only] = refused;
  if (only && refused.length === 1 && problems.length === 0) throw only;
  const details = [...problems, ...refused.map(describeError)];
  if (details.length > 0 || !pipeline)
    throw new MillraceError('ManifestInvalid', { file, count: details.length }, { details });
  return pipeline;
}

interface NamedSql {
  readonly name: string;
  readonly sql: string;
}

/** What can be read as a processor's SQL from a manifest that has other problems. */
async function sqlOf(file: string): Promise<readonly NamedSql[]> {
  const document = load(await readFile(file, 'utf8')) as { spec?: { processors?: unknown } } | null;
  const listed = document?.spec?.processors;
  if (!Array.isArray(listed)) return [];
  return listed.map((entry: Partial<NamedSql> | null) => ({
    name: String(entry?.name ?? '?'),
    // An empty one is a problem of its own, and named already.
    sql: typeof entry?.sql === 'string' && entry.sql !== '' ? entry.sql : 'SELECT 1',
  }));
}

async function sqlProblems(
  processors: readonly NamedSql[],
  { logs }: { readonly logs: boolean },
): Promise<readonly MillraceError[]> {
  if (processors.length === 0) return [];
  const tempFolder = await mkdtemp(join(tmpdir(), 'millrace-check-'));
  const { openDuckDbEngine } = await import('../batch-engine/duckdb.ts');
  const engine = await openDuckDbEngine({ tempFolder, clock: systemClock, logs });
  const problems: MillraceError[] = [];
  try {
    for (const [index, { name, sql }] of processors.entries()) {
      try {
        await engine.describe({ sql, where: `spec.processors[${index}].sql (${name})` });
      } catch (error) {
        if (!isMillraceError(error)) throw error;
        problems.push(error);
      }
    }
  } finally {
    await engine.close();
    await rm(tempFolder, { recursive: true, force: true });
  }
  return problems;
}
