// Every field that a Pipeline's spec may have, from the schema that its CRD is made of: a new one is there by itself.

import { pipelineSchema } from '../../src/api/pipeline.ts';
import { readPipeline } from '../../src/api/read-pipeline.ts';
import { asNode, childSchema, type SchemaNode } from '../../src/api/schema-walk.ts';

/** Of a list always the first item. */
export type Path = readonly (string | number)[];
export type Spec = Readonly<Record<string, unknown>>;

export interface Field {
  readonly path: Path;
  /** `chain.ethereum.endpoints[0].url`, below `spec`. */
  readonly name: string;
  readonly schema: SchemaNode;
  readonly required: boolean;
}

export function allFields(): readonly Field[] {
  const spec = childSchema(pipelineSchema, 'spec');
  if (!spec) throw new TypeError('a Pipeline has no spec');
  return below(asNode(spec), []);
}

function below(node: SchemaNode, path: Path): readonly Field[] {
  const children = Object.entries(node.properties ?? {}).flatMap(([name, schema]) => {
    const required = node.required?.includes(name) === true && schema.default === undefined;
    return fieldAndBelow(schema, [...path, name], required);
  });
  return node.items ? [...children, ...fieldAndBelow(node.items, [...path, 0], false)] : children;
}

function fieldAndBelow(schema: SchemaNode, path: Path, required: boolean): readonly Field[] {
  return [{ path, name: textOf(path), schema, required }, ...below(schema, path)];
}

export function textOf(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part),
    '',
  );
}

type Tree = Readonly<Record<string | number, unknown>> | undefined;

export function valueAt(spec: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (node, part) => (typeof node === 'object' && node !== null ? (node as Tree)?.[part] : undefined),
    spec,
  );
}

/** A copy; `undefined` takes the field away. Nothing when there is no place for it. */
export function withValue(spec: Spec, path: Path, value: unknown): Spec | undefined {
  const copy = structuredClone(spec);
  const last = path.at(-1);
  const holder = valueAt(copy, path.slice(0, -1));
  if (typeof holder !== 'object' || holder === null || last === undefined) return undefined;
  if (value !== undefined) Object.assign(holder, { [last]: structuredClone(value) });
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else Reflect.deleteProperty(holder, last);
  return copy;
}

/** The fields in which two specs differ, as deep as both have them. */
export function differingPaths(one: unknown, other: unknown, path: Path = []): readonly Path[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  const both = [one, other].every((each) => typeof each === 'object' && each !== null);
  if (!both) return [path];
  const [a, b] = [one as object, other as object];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => {
    const part = Array.isArray(a) ? Number(key) : key;
    return differingPaths(valueAt(a, [part]), valueAt(b, [part]), [...path, part]);
  });
}

/** What `millrace check` finds wrong. */
export function problemsOf(spec: Spec): readonly { readonly path: string; readonly problem: string }[] {
  return readPipeline({
    apiVersion: 'millrace.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'chain' },
    spec,
  }).problems;
}
