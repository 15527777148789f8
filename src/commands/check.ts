// `millrace check`: is this manifest good? Fields, rules, and the SQL of every processor, without starting anything.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Pipeline } from '../api/pipeline.ts';
import { readManifest } from '../api/read-manifest.ts';
import { openDuckDbEngine } from '../batch-engine/duckdb.ts';
import { systemClock } from '../clock.ts';
import { describeError, isMillraceError, MillraceError } from '../errors.ts';

export function checkCommand(): Command {
  return new Command('check')
    .summary('validate a manifest')
    .description('Validates a Pipeline: every problem at once, each with its path and what to do.')
    .requiredOption('-f, --file <manifest>', 'the Pipeline, as YAML')
    .addHelpText('after', '\nExamples:\n  $ millrace check -f examples/pipeline.yaml')
    .action(async ({ file }: { file: string }) => {
      const pipeline = await readManifest(file);
      await checkProcessors(pipeline);
      const { processors } = pipeline.spec;
      process.stdout.write(
        `${file}: Pipeline ${pipeline.metadata.name} is good (${processors.length} processors)\n`,
      );
    });
}

/** The SQL of every processor, all problems at once. @throws SqlInvalid, SqlDenied (one), ManifestInvalid (several) */
export async function checkProcessors(pipeline: Pipeline): Promise<void> {
  const tempFolder = await mkdtemp(join(tmpdir(), 'millrace-check-'));
  const engine = await openDuckDbEngine({ tempFolder, clock: systemClock });
  const problems: MillraceError[] = [];
  try {
    for (const [index, { name, sql }] of pipeline.spec.processors.entries()) {
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
  const [first] = problems;
  if (first && problems.length === 1) throw first;
  if (first) {
    throw new MillraceError(
      'ManifestInvalid',
      { file: `Pipeline ${pipeline.metadata.name}`, count: problems.length },
      { details: problems.map(describeError) },
    );
  }
}
