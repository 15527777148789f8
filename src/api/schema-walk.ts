// Moving through a JSON schema by field names, for messages and for `millrace explain`.

import type { TSchema } from 'typebox';
import type { Rule } from './rule.ts';

export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly 'x-kubernetes-validations'?: readonly Rule[];
}

/** A TypeBox schema seen as the plain JSON schema that it is. */
export function asNode(schema: TSchema): SchemaNode {
  return schema as object as SchemaNode;
}

/** The rules of an object itself. */
export function rulesOf(node: SchemaNode): readonly Rule[] {
  return node['x-kubernetes-validations'] ?? [];
}

export function fieldNames(schema: SchemaNode | TSchema): readonly string[] {
  return Object.keys((schema as SchemaNode).properties ?? {});
}

/** The schema of a field; of an array, the field of its items. */
export function childSchema(schema: SchemaNode | TSchema, field: string): (SchemaNode & TSchema) | undefined {
  const node = schema as SchemaNode;
  return (node.properties?.[field] ?? node.items?.properties?.[field]) as (SchemaNode & TSchema) | undefined;
}

/** The schema at a JSON pointer. */
export function nodeOf(schema: TSchema, pointer: string): SchemaNode | undefined {
  let node: SchemaNode | undefined = asNode(schema);
  for (const part of pointer.split('/').slice(1)) {
    node = /^\d+$/.test(part) && node?.items ? node.items : node?.properties?.[part];
  }
  return node;
}
