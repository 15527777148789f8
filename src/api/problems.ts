// What is wrong with a document, as a list of sentences with paths: every problem at once, each with its remedy.

import type { TSchema } from 'typebox';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { brokenRules } from './rule.ts';
import { asNode, childSchema, fieldNames, nodeOf, rulesOf } from './schema-walk.ts';

// The validator stops at eight errors unless told otherwise; a person wants them all.
Settings.Set({ maxErrors: 1_000 });

export interface Problem {
  /** `spec.topics.partitions`, `spec.processors[1].sql`. */
  readonly path: string;
  readonly problem: string;
}

/** Problems of the document against the schema and its rules. Expects defaults filled in. */
export function findProblems(schema: TSchema, document: unknown): readonly Problem[] {
  const shape = shapeProblems(schema, document);
  const found = [...shape, ...ruleProblems(schema, document, { path: '', shape })];
  // One sentence a path: the first says most.
  return [...new Map(found.toReversed().map((problem) => [problem.path, problem])).values()].toReversed();
}

interface ValidationError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function shapeProblems(schema: TSchema, document: unknown): readonly Problem[] {
  const errors: readonly ValidationError[] = [...Value.Errors(schema, document)];
  const unions = errors.filter((error) => error.keyword === 'anyOf').map((error) => error.instancePath);
  return errors.flatMap((error) => {
    const inUnion = error.keyword !== 'anyOf' && unions.includes(error.instancePath);
    if (inUnion || error.keyword === 'boolean') return [];
    return describe(schema, error);
  });
}

function describe(schema: TSchema, error: ValidationError): readonly Problem[] {
  const path = dotted(error.instancePath);
  const node = nodeOf(schema, error.instancePath);
  const under = (field: string) => (path === '' ? field : `${path}.${field}`);
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties':
      return (params.additionalProperties as readonly string[]).map((field) => {
        const close = closest(field, node ? fieldNames(node) : []);
        return { path: under(field), problem: `is no field${close ? `; did you mean ${close}?` : ''}` };
      });
    case 'required':
      return (params.requiredProperties as readonly string[]).map((field) => {
        const child = node && childSchema(node, field);
        return {
          path: under(field),
          problem: `is missing${child?.description ? `: ${lowerFirst(child.description)}` : ''}`,
        };
      });
    case 'const':
      return [
        {
          path: path || 'the document',
          problem: `must be ${node?.const ?? JSON.stringify(params.allowedValue)}`,
        },
      ];
    case 'enum':
      return [{ path, problem: `must be one of ${(node?.enum ?? []).join(', ')}` }];
    default: {
      const examples = node?.examples as readonly unknown[] | undefined;
      const hint = examples ? `, for example ${examples.join(' or ')}` : '';
      const what =
        error.keyword === 'pattern' || error.keyword === 'anyOf'
          ? 'does not have the right form'
          : error.message;
      return [
        {
          path: path || 'the document',
          problem: `${what}${hint}${node?.description ? ` (${node.description})` : ''}`,
        },
      ];
    }
  }
}

/** Rules are asked only about objects whose own shape, all the way down, is right. */
function ruleProblems(
  schema: TSchema,
  value: unknown,
  { path, shape }: { readonly path: string; readonly shape: readonly Problem[] },
): readonly Problem[] {
  if (Array.isArray(value)) {
    const items = (schema as { items?: TSchema }).items;
    return items
      ? value.flatMap((item, index) => ruleProblems(items, item, { path: `${path}[${index}]`, shape }))
      : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const self = value as Record<string, unknown>;
  const rules = rulesOf(asNode(schema));
  const own = !shape.some((found) => isWithin(found.path, path))
    ? brokenRules(rules, self).map(({ message, fieldPath = '' }) => ({
        path: `${path}${fieldPath}` || 'the document',
        problem: message,
      }))
    : [];
  const below = Object.entries(self).flatMap(([field, child]) => {
    const node = childSchema(schema, field);
    return node ? ruleProblems(node, child, { path: path === '' ? field : `${path}.${field}`, shape }) : [];
  });
  return [...own, ...below];
}

function isWithin(path: string, ancestor: string): boolean {
  const rest = path.slice(ancestor.length);
  return ancestor === '' || (path.startsWith(ancestor) && (rest === '' || /^[.[]/.test(rest)));
}

/** `/spec/processors/0/sql` → `spec.processors[0].sql`. */
function dotted(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(
      (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`),
      '',
    );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}

/** The candidate nearest in spelling, when it is near. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(2, word.length / 3) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min(swap, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
