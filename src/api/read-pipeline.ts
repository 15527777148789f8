// From a document, wherever it came from, to a Pipeline with everything filled in, or to a list of what is wrong with it.

import { parseDuration, parseRetention } from './duration.ts';
import { fillDefaults } from './fill-defaults.ts';
import { type Pipeline, pipelineSchema } from './pipeline.ts';
import { findProblems, type Problem } from './problems.ts';
import { storePaths } from './rules-of-reading.ts';
import { asNode } from './schema-walk.ts';

export type PipelineReading =
  | { readonly pipeline: Pipeline; readonly problems: readonly [] }
  | { readonly pipeline?: undefined; readonly problems: readonly Problem[] };

/** The document is not changed. */
export function readPipeline(document: unknown): PipelineReading {
  const pipeline = fillDefaults(asNode(pipelineSchema), document ?? {}) as Pipeline;
  const shape = findProblems(pipelineSchema, pipeline);
  if (shape.length > 0) return { problems: shape };
  const problems = [...raiseToReplicationFactor(pipeline, document), ...windowProblems(pipeline)];
  return problems.length > 0 ? { problems } : { pipeline, problems: [] };
}

/** Of an object on an API server: what the server adds to a manifest (uid, status, …) is left out. */
export function readPipelineObject(object: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
}): PipelineReading {
  const { apiVersion, kind, spec } = object;
  const { name, namespace, labels, annotations } = object.metadata;
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
  };
  return readPipeline({ apiVersion, kind, metadata, spec });
}

type Tree = { readonly [key: string]: Tree } | undefined;
const at = (tree: unknown, path: string): Tree =>
  path
    .split('.')
    .reduce<Tree>((node, key) => (typeof node === 'object' ? node?.[key] : undefined), tree as Tree);

/** A minimum that the document gives is refused when it is too low; one that it leaves out is raised. */
function raiseToReplicationFactor({ spec }: Pipeline, document: unknown): readonly Problem[] {
  const factor = spec.replicationFactor;
  return storePaths.flatMap((path) => {
    const place = `${path}.managed.replicas`;
    const replicas = at(spec, place) as { min: number; preferred: number; max: number } | undefined;
    if (!replicas || replicas.min >= factor) return [];
    if (typeof at(document, `spec.${place}.min`) === 'number') {
      return [
        {
          path: `spec.${place}.min`,
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
