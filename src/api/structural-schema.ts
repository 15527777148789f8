// From a TypeBox schema to the structural OpenAPI v3 schema that a CustomResourceDefinition carries.

import { fillDefaults } from './fill-defaults.ts';
import type { Rule } from './rule.ts';
import { rulesOf, type SchemaNode } from './schema-walk.ts';

export interface StructuralSchema {
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  anyOf?: readonly { readonly type: string }[];
  properties?: Readonly<Record<string, StructuralSchema>>;
  required?: readonly string[];
  items?: StructuralSchema;
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-validations'?: readonly Rule[];
}

type Source = SchemaNode & Readonly<Record<string, unknown>>;

/** Marks an object whose defaults depend on another field: the server leaves them to whoever reads. */
export const filledByReader = 'x-millrace-filled-by-reader';

const copied = ['format', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'] as const;
const copiedExtensions = ['x-kubernetes-list-type', 'x-kubernetes-list-map-keys'] as const;
const understood = new Set<string>([
  ...copied,
  ...copiedExtensions,
  ...['type', 'description', 'default', 'examples', 'pattern', 'const', 'enum', 'anyOf'],
  ...['properties', 'required', 'items', 'additionalProperties'],
  ...['x-kubernetes-validations', filledByReader],
]);

/** @throws TypeError for a keyword that would be lost, or a text or list without an upper limit */
export function structuralSchema(schema: SchemaNode, path = '', filledHere = true): StructuralSchema {
  const node = schema as Source;
  const lost = Object.keys(node).filter((keyword) => !understood.has(keyword) && !keyword.startsWith('~'));
  if (lost.length > 0) throw new TypeError(`${path}: ${lost.join(', ')} has no place in a CRD`);
  const filled = filledHere && node[filledByReader] !== true;
  const result: StructuralSchema = {
    ...typeOf(node, path),
    description: describe(node, filled),
  };
  for (const keyword of [...copied, ...copiedExtensions])
    if (node[keyword] !== undefined) Object.assign(result, { [keyword]: node[keyword] });
  if (node.properties) {
    const fields = Object.entries(node.properties);
    result.properties = Object.fromEntries(
      fields.map(([name, child]) => [name, structuralSchema(child, `${path}.${name}`, filled)]),
    );
    const required = (node.required ?? []).filter((name) => node.properties?.[name]?.default === undefined);
    if (required.length > 0) result.required = required;
  }
  if (node.items) result.items = structuralSchema(node.items, `${path}[]`, filled);
  // The server checks a default against the rules before it fills it in itself.
  if (filled && node.default !== undefined) result.default = fillDefaults(result as SchemaNode, node.default);
  const rules = [...rulesOf(node), ...form(node, path)];
  if (rules.length > 0) result['x-kubernetes-validations'] = rules.map(asWritten);
  bounded(result, path);
  return result;
}

function typeOf(node: Source, path: string): StructuralSchema {
  if (node.anyOf) {
    const types = node.anyOf.map(({ type }) => type);
    if (types.join() !== 'integer,string') throw new TypeError(`${path}: only a number or text may vary`);
    const [number, text] = node.anyOf as readonly [Source, Source];
    return {
      anyOf: [{ type: 'integer' }, { type: 'string' }],
      'x-kubernetes-int-or-string': true,
      ...(number.minimum !== undefined && { minimum: number.minimum }),
      ...(number.maximum !== undefined && { maximum: number.maximum }),
      ...(typeof text.maxLength === 'number' && { maxLength: text.maxLength }),
    };
  }
  if (node.const !== undefined) return { type: 'string', enum: [node.const] };
  if (node.enum) return { type: 'string', enum: node.enum };
  if (node.type === 'integer') return { type: 'integer', format: 'int64' };
  if (node.type === undefined) throw new TypeError(`${path}: has no type`);
  return { type: node.type };
}

/** A pattern as a rule: the server's own sentence about a pattern only shows the pattern. */
function form(node: Source, path: string): readonly Rule[] {
  const text = node.anyOf?.find(({ type }) => type === 'string') ?? node;
  if (text.pattern === undefined) return [];
  if (!node.examples) throw new TypeError(`${path}: a form needs an example`);
  const matches = `self.matches(${JSON.stringify(text.pattern)})`;
  return [
    {
      rule: node.anyOf ? `type(self) == int || ${matches}` : matches,
      message: `does not have the right form, for example ${node.examples.join(' or ')}`,
    },
  ];
}

function describe(node: Source, filled: boolean): string {
  const parts = [node.description ?? ''];
  if (node.examples) parts.push(`For example ${node.examples.join(' or ')}.`);
  if (!filled && node.default !== undefined && node.type === 'integer')
    parts.push(`Default: ${node.default}, or replicationFactor where that is more.`);
  return parts.join(' ').trim();
}

function asWritten({ rule, message, fieldPath }: Rule): Rule {
  return { rule, message, ...(fieldPath !== undefined && { fieldPath }) };
}

/** The server bounds the cost of a rule by the longest text and list that it may meet. */
function bounded(schema: StructuralSchema, path: string): void {
  const open =
    (schema.type === 'string' &&
      !schema.enum &&
      schema.format === undefined &&
      schema.maxLength === undefined) ||
    (schema.type === 'array' && schema.maxItems === undefined);
  if (open) throw new TypeError(`${path}: has no upper limit`);
  if (schema.type === 'array' && schema['x-kubernetes-list-type'] === undefined)
    throw new TypeError(`${path}: does not say how the list is merged`);
}
