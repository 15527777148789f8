// What a document leaves out, filled in the way the API server does it: a field that is null counts as left out, and a default
// that is an object is itself filled in.

import type { SchemaNode } from './schema-walk.ts';

/** A copy; the document stays as it is. */
export function fillDefaults(schema: SchemaNode, document: unknown): unknown {
  if (Array.isArray(document)) {
    const { items } = schema;
    return items ? document.map((item) => fillDefaults(items, item)) : structuredClone(document);
  }
  if (typeof document !== 'object' || document === null || !schema.properties)
    return structuredClone(document);
  const filled: Record<string, unknown> = structuredClone(document) as Record<string, unknown>;
  for (const [field, child] of Object.entries(schema.properties)) {
    const value = filled[field] ?? child.default;
    if (value === undefined) delete filled[field];
    else filled[field] = fillDefaults(child, value);
  }
  return filled;
}
