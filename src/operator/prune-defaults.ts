// What a person wrote: the values of an object that differ from the defaults of its schema. A field that a later version
// adds with a default is not in it, so that an operator's upgrade changes nothing that is made of it.

import { isDeepStrictEqual } from 'node:util';
import { fillDefaults } from '../api/fill-defaults.ts';
import type { SchemaNode } from '../api/schema-walk.ts';

/** `value`: complete, as `fillDefaults` makes it. A copy. */
export function pruneDefaults(schema: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item) => pruneDefaults(items, item)) : structuredClone(value);
  }
  if (typeof value !== 'object' || value === null || !schema.properties) return structuredClone(value);
  const written = Object.entries(value).flatMap(([field, own]) => {
    const child = schema.properties?.[field];
    if (!child) return [[field, structuredClone(own)]];
    const usual = child.default === undefined ? undefined : fillDefaults(child, child.default);
    return isDeepStrictEqual(own, usual) ? [] : [[field, pruneDefaults(child, own)]];
  });
  return Object.fromEntries(written);
}
