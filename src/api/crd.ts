// The CustomResourceDefinition of a kind, from its schemas.

import { createHash } from 'node:crypto';
import type { Kind, PrinterColumn } from './kinds.ts';
import { asNode, childSchema, rulesOf } from './schema-walk.ts';
import { type StructuralSchema, structuralSchema } from './structural-schema.ts';

export interface CrdVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
  readonly subresources: Readonly<Record<string, unknown>>;
  readonly additionalPrinterColumns: readonly Readonly<Record<string, unknown>>[];
}

export interface Crd {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced' | 'Cluster';
    readonly names: Readonly<Record<string, unknown>>;
    readonly versions: readonly [CrdVersion];
  };
}

/** Its value is a hash of `spec`, so that an operator can tell whether the definition is the one it was built with. */
export const schemaAnnotation = 'millrace.dev/schema';

export function crdName({ resource }: Kind): string {
  return `${resource.plural}.${resource.group}`;
}

export function crdOf(kind: Kind): Crd {
  const { resource, singular, shortNames, columns, scale } = kind;
  const spec: Crd['spec'] = {
    group: resource.group,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    names: {
      kind: resource.kind,
      listKind: `${resource.kind}List`,
      plural: resource.plural,
      singular,
      shortNames,
      categories: ['millrace'],
    },
    versions: [
      {
        name: resource.version,
        served: true,
        storage: true,
        additionalPrinterColumns: columns.map(column),
        subresources: { status: {}, ...(scale && { scale }) },
        schema: { openAPIV3Schema: rootSchema(kind) },
      },
    ],
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: crdName(kind),
      labels: { 'app.kubernetes.io/name': 'millrace', 'app.kubernetes.io/component': 'crds' },
      annotations: { 'helm.sh/resource-policy': 'keep', [schemaAnnotation]: hashOf(spec) },
    },
    spec,
  };
}

/** `sha256:` and 16 hexadecimal digits. */
function hashOf(spec: Crd['spec']): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16)}`;
}

function rootSchema({ schema, status }: Kind): StructuralSchema {
  const root = asNode(schema);
  const field = (name: string): StructuralSchema => {
    const child = childSchema(schema, name);
    if (!child) throw new TypeError(`the schema has no ${name}`);
    return structuralSchema(child, name);
  };
  const name = structuralSchema(childSchema(childSchema(schema, 'metadata') ?? {}, 'name') ?? {}, 'name');
  // The server allows rules about a name only at the root.
  const { 'x-kubernetes-validations': ofName = [], description: _, ...limits } = name;
  const rules = [
    ...rulesOf(root),
    ...ofName.map(({ rule, message }) => ({
      rule: rule.replace('self', 'self.metadata.name'),
      message,
      fieldPath: '.metadata.name',
    })),
  ];
  return {
    type: 'object',
    description: root.description ?? '',
    required: ['spec'],
    'x-kubernetes-validations': rules,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object', properties: { name: limits } },
      spec: field('spec'),
      status: structuralSchema(asNode(status), 'status'),
    },
  };
}

function column({ name, type, jsonPath, description, wide = false }: PrinterColumn) {
  return { name, type, jsonPath, description, ...(wide && { priority: 1 }) };
}
