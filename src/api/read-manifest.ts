// From a YAML file to a Pipeline with defaults, or to one error that names every problem.

import { readFile } from 'node:fs/promises';
import { load, YAMLException } from 'js-yaml';
import { Value } from 'typebox/value';
import { MillraceError } from '../errors.ts';
import { parseDuration, parseRetention } from './duration.ts';
import { type Pipeline, pipelineSchema } from './pipeline.ts';
import { findProblems, type Problem } from './problems.ts';

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
  const explicit = explicitMinimums(document);
  const filled = Value.Default(pipelineSchema, structuredClone(document ?? {}));
  const problems = [...findProblems(pipelineSchema, filled)];
  const pipeline = filled as Pipeline;
  if (problems.length === 0)
    problems.push(...replicationProblems(pipeline, explicit), ...windowProblems(pipeline));
  if (problems.length > 0) {
    throw new MillraceError(
      'ManifestInvalid',
      { file, count: problems.length },
      { details: problems.map(({ path, problem }) => `${path} ${problem}`) },
    );
  }
  return pipeline;
}

const storePaths = [
  'topics.kafka',
  'transactionLog.cassandra',
  'results.mariadb',
  'web.metadata.mongodb',
] as const;

type Tree = { readonly [key: string]: Tree } | undefined;
const at = (tree: unknown, path: string): Tree =>
  path
    .split('.')
    .reduce<Tree>((node, key) => (typeof node === 'object' ? node[key] : undefined), tree as Tree);

/** Store minimums that the document itself gives; a defaulted one is raised instead of refused. */
function explicitMinimums(document: unknown): ReadonlySet<string> {
  return new Set(
    storePaths.filter((path) => at(document, `spec.${path}.managed.replicas.min`) !== undefined),
  );
}

function replicationProblems(pipeline: Pipeline, explicit: ReadonlySet<string>): readonly Problem[] {
  const factor = pipeline.spec.replicationFactor;
  return storePaths.flatMap((path) => {
    const replicas = at(pipeline.spec, `${path}.managed.replicas`) as
      | { min: number; preferred: number; max: number }
      | undefined;
    if (!replicas || replicas.min >= factor) return [];
    if (explicit.has(path)) {
      return [
        {
          path: `spec.${path}.managed.replicas.min`,
          problem: `is ${replicas.min}, below spec.replicationFactor ${factor}: raise it, or lower the factor`,
        },
      ];
    }
    replicas.min = factor;
    replicas.preferred = Math.max(replicas.preferred, factor);
    replicas.max = Math.max(replicas.max, factor);
    return [];
  });
}

/** A window that begins before the log does could never be computed whole. */
function windowProblems({ spec }: Pipeline): readonly Problem[] {
  const retention = parseRetention(spec.transactionLog.retention);
  return spec.processors.flatMap(({ window }, index) => {
    if (retention === 'forever' || parseDuration(window) < retention) return [];
    const problem = `is ${window}, not below spec.transactionLog.retention ${spec.transactionLog.retention}: no window would ever be whole`;
    return [{ path: `spec.processors[${index}].window`, problem }];
  });
}
