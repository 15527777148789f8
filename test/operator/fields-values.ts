// What a field is changed to: values that the schema itself suggests, told apart by what `millrace check` says of them.

import fc from 'fast-check';
import type { SchemaNode } from '../../src/api/schema-walk.ts';
import { type Field, problemsOf, type Spec, valueAt, withValue } from './fields.ts';
import type { Base } from './fields-bases.ts';
import { bases } from './fields-bases.ts';

export interface Change {
  readonly base: Base;
  readonly to: Spec;
}

const generated = 30;

/** A valid other value; where none is valid alone, with what goes with it in another base. */
export function validChange(field: Field, seed: number): Change | undefined {
  for (const base of bases) {
    const now = valueAt(base.spec, field.path);
    if (now === undefined) continue;
    const alone = candidates(field, now, seed).map((value) => withValue(base.spec, field.path, value));
    const together = bases.flatMap(({ spec }) =>
      field.path.map((_, index) => {
        const part = field.path.slice(0, field.path.length - index);
        return withValue(base.spec, part, valueAt(spec, part));
      }),
    );
    const to = [...alone, ...together].find(
      (spec) => spec && differs(valueAt(spec, field.path), now) && problemsOf(spec).length === 0,
    );
    if (to) return { base, to };
  }
  return undefined;
}

/** Every suggested value that is wrong, of the first base that has the field. */
export function invalidChanges(field: Field): readonly Change[] {
  const base = bases.find(({ spec }) => valueAt(spec, field.path) !== undefined);
  if (!base) return [];
  const specs = wrongValues(field).map((value) => withValue(base.spec, field.path, value));
  return specs.flatMap((to) => (to && problemsOf(to).length > 0 ? [{ base, to }] : []));
}

/** What is there by name only: accepted, and then said to be missing. */
export function missingChange(field: Field): Change | undefined {
  if (!field.path.includes('secretKeyRef') || field.schema.type !== 'string') return undefined;
  const base = bases.find(({ spec }) => valueAt(spec, field.path) !== undefined);
  const to = base && withValue(base.spec, field.path, 'nowhere');
  return to && { base, to };
}

const differs = (one: unknown, other: unknown): boolean => JSON.stringify(one) !== JSON.stringify(other);

function candidates({ schema, required }: Field, now: unknown, seed: number): readonly unknown[] {
  if (schema.type === 'boolean') return [now !== true];
  if (schema.enum) return schema.enum;
  const away = required ? [] : [undefined];
  if (schema.items) return [...away, ...(Array.isArray(now) ? [now.slice(1)] : [])];
  if (schema.properties) return away;
  const parts = schema.anyOf ?? [schema];
  return parts.flatMap((part) => ofPart({ ...part, examples: schema.examples ?? [] }, now, seed));
}

function ofPart(part: SchemaNode, now: unknown, seed: number): readonly unknown[] {
  const { type, minimum, maximum, examples = [], pattern } = part;
  if (type === 'integer') return [Number(now) + 1, Number(now) - 1, ...examples, minimum, maximum];
  if (type !== 'string' || part.const !== undefined) return [];
  // Larger first, where size matters.
  const sizes = /^\d+[A-Z]i$/.test(String(now)) ? [`1${now}`] : [];
  if (pattern === undefined) return [...examples, 'other', 'SELECT 2 AS two'];
  const random = fc.sample(fc.stringMatching(new RegExp(pattern)), { seed, numRuns: generated });
  return [...sizes, ...examples, ...random];
}

function wrongValues({ schema, required }: Field): readonly unknown[] {
  const { type, minimum, maximum, maxLength } = schema as SchemaNode & { readonly maxLength?: number };
  if (required && (schema.properties || schema.items)) return [undefined, 'text', { unknown: 1 }];
  if (schema.properties) return ['text', { unknown: 1 }];
  if (schema.items) return ['text', [1]];
  if (type === 'integer')
    return ['text', 1.5, ...[minimum, maximum].flatMap((limit) => limit ?? []).flatMap(around)];
  if (type === 'boolean') return ['text', 1];
  return [1, true, '', 'a\nb', ...(maxLength === undefined ? [] : ['a'.repeat(maxLength + 1)])];
}

const around = (limit: number): readonly number[] => [limit - 1, limit, limit + 1];
