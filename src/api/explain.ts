// `millrace explain KIND.a.b`: what a field is for, what it holds, what it is when left out.

import { MillraceError } from '../errors.ts';
import { fillDefaults } from './fill-defaults.ts';
import { type Kind, kinds, pipelineKind, wholeSchema } from './kinds.ts';
import { closest } from './problems.ts';
import { childSchema, fieldNames, type SchemaNode } from './schema-walk.ts';

/** Lines for a person. `pipeline.` and `spec.` may be left out. @throws FieldUnknown */
export function explainField(path: string): readonly string[] {
  // As `check` writes paths: with indexes, and without the kind in front.
  const parts = path.replace(/\[\d+\]/g, '').split('.');
  const named = kinds.find((each) => namesOf(each).includes(parts[0]?.toLowerCase() ?? ''));
  const kind = named ?? pipelineKind;
  const root = wholeSchema(kind);
  const given = named ? parts.slice(1) : parts;
  const fields = given[0] !== undefined && !fieldNames(root).includes(given[0]) ? ['spec', ...given] : given;
  let node: SchemaNode = root;
  for (const [index, field] of fields.entries()) {
    const child = childSchema(node, field);
    if (!child) {
      const near = closest(field, fieldNames(node.items ?? node));
      const details = near
        ? [`did you mean ${[kind.singular, ...fields.slice(0, index), near].join('.')}?`]
        : [];
      throw new MillraceError(
        'FieldUnknown',
        { path: [kind.singular, ...fields.slice(0, index + 1)].join('.') },
        { details },
      );
    }
    node = child;
  }
  return describeNode([kind.singular, ...fields].join('.'), node);
}

function namesOf({ singular, shortNames, resource }: Kind): readonly string[] {
  return [singular, resource.plural, ...shortNames];
}

function describeNode(path: string, node: SchemaNode): readonly string[] {
  const lines = [`${path}  <${typeOf(node)}>`, '', `  ${node.description ?? ''}`];
  if (node.default !== undefined)
    lines.push(`  Default: ${JSON.stringify(fillDefaults(node, node.default))}`);
  if (node.minimum !== undefined)
    lines.push(`  At least ${node.minimum}${node.maximum === undefined ? '' : `, at most ${node.maximum}`}`);
  if (node.examples) lines.push(`  Examples: ${node.examples.join(', ')}`);
  const holder = node.items ?? node;
  const required = new Set(holder.required ?? []);
  const names = fieldNames(holder);
  if (names.length > 0) {
    const width = Math.max(...names.map((name) => name.length));
    lines.push('', 'Fields:');
    for (const name of names) {
      const child = childSchema(holder, name);
      if (!child) continue;
      const needed = required.has(name) && child.default === undefined ? ' (required)' : '';
      lines.push(`  ${name.padEnd(width)}  <${typeOf(child)}>${needed}  ${child.description ?? ''}`);
    }
  }
  return lines;
}

function typeOf(node: SchemaNode): string {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.join(' or ');
  if (node.anyOf) return node.anyOf.map(typeOf).join(' or ');
  return node.type === 'array'
    ? `list of ${node.items ? typeOf(node.items) : 'anything'}`
    : (node.type ?? 'anything');
}
