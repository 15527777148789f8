// From a YAML file to a Pipeline with defaults, or to one error that names every problem.

import { readFile } from 'node:fs/promises';
import { load, YAMLException } from 'js-yaml';
import { MillraceError } from '../errors.ts';
import type { Pipeline } from './pipeline.ts';
import { readPipeline } from './read-pipeline.ts';

/** @throws ManifestUnreadable, ManifestInvalid (details: one line a problem) */
export async function readManifest(file: string): Promise<Pipeline> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new MillraceError(
      'ManifestUnreadable',
      { file, problem: (cause as NodeJS.ErrnoException).code ?? String(cause) },
      { cause },
    );
  }
  return parseManifest(text, file);
}

export function parseManifest(text: string, file: string): Pipeline {
  let document: unknown;
  try {
    document = load(text);
  } catch (cause) {
    const problem =
      cause instanceof YAMLException
        ? `${cause.reason} at line ${(cause.mark?.line ?? 0) + 1}`
        : String(cause);
    throw new MillraceError('ManifestUnreadable', { file, problem }, { cause });
  }
  const { pipeline, problems } = readPipeline(document);
  if (pipeline) return pipeline;
  throw new MillraceError(
    'ManifestInvalid',
    { file, count: problems.length },
    { details: problems.map(({ path, problem }) => `${path} ${problem}`) },
  );
}
