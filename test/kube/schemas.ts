// JSON schemas for kubeconform, of exactly what an API server serves, CRDs included.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Api } from './api.ts';

type Schema = Readonly<Record<string, unknown>>;

interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const kinds = 'x-kubernetes-group-version-kind';
const prefix = '#/components/schemas/';

/** Writes one file for each kind; answers the value for kubeconform's `-schema-location`. */
export async function writeSchemas(api: Api, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const { paths } = await api.get<{ paths: Readonly<Record<string, { serverRelativeURL: string }>> }>(
    '/openapi/v3',
  );
  const versions = Object.entries(paths).filter(([path]) => /^apis?\/(.+\/)?v\d/.test(path));
  for (const [, { serverRelativeURL }] of versions) {
    const { schemas = {} } = (await api.get<Partial<Document>>(serverRelativeURL)).components ?? {};
    for (const [name, schema] of Object.entries(schemas))
      for (const { group, version, kind } of (schema[kinds] ?? []) as readonly Record<string, string>[]) {
        const file = [kind, group?.split('.')[0], version].filter(Boolean).join('-').toLowerCase();
        writeFileSync(join(folder, `${file}.json`), JSON.stringify(standalone(name, schemas)));
      }
  }
  return join(folder, '{{ .ResourceKind }}{{ .KindSuffix }}.json');
}

/** One schema with all that it refers to, and nothing allowed beside what it names. */
function standalone(name: string, schemas: Readonly<Record<string, Schema>>): Schema {
  const reached = new Map<string, unknown>();
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const own = value as Schema;
    if (typeof own.$ref === 'string') reach(own.$ref.slice(prefix.length));
    const visited = Object.fromEntries(Object.entries(own).map(([key, each]) => [key, visit(each)]));
    const open =
      own.additionalProperties !== undefined || own['x-kubernetes-preserve-unknown-fields'] === true;
    return own.type === 'object' && own.properties !== undefined && !open
      ? { ...visited, additionalProperties: false }
      : visited;
  };
  const reach = (other: string): void => {
    if (reached.has(other)) return;
    reached.set(other, undefined);
    reached.set(other, visit(schemas[other]));
  };
  reach(name);
  return { $ref: `${prefix}${name}`, components: { schemas: Object.fromEntries(reached) } };
}
