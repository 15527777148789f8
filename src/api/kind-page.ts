// docs/<kind>.md, written from the schema. `make docs` writes it; a test compares.

import { type Kind, kinds, wholeSchema } from './kinds.ts';
import type { Rule } from './rule.ts';
import { rulesOf, type SchemaNode } from './schema-walk.ts';
import { filledByReader } from './structural-schema.ts';

/** Path from the project's root → text. */
export function kindPages(): ReadonlyMap<string, string> {
  return new Map(kinds.map((kind) => [`docs/${kind.singular}.md`, kindPage(kind)]));
}

function kindPage(kind: Kind): string {
  const { resource, shortNames } = kind;
  const root = wholeSchema(kind);
  const { spec, status } = root.properties ?? {};
  const lines = [
    `# ${resource.kind}`,
    '',
    `${root.description} \`apiVersion: ${resource.group}/${resource.version}\`, \`kind: ${resource.kind}\`; for kubectl also ${shortNames.map((name) => `\`${name}\``).join(' and ')}.`,
    'Wrong manifests are refused by `millrace check`, by `millrace run` and by the API server alike. `millrace explain` says the same as this page.',
    '',
    ...getTable(kind),
    ...part('metadata', root.properties?.metadata),
    ...part('spec', spec, { deep: false }),
    ...Object.entries(spec?.properties ?? {})
      .filter(([, node]) => isBranch(node))
      .flatMap(([name, node]) => part(`spec.${name}`, node)),
    ...part('status', status),
  ];
  const changes = rulesOf(root);
  if (changes.length > 0)
    lines.push('', '## What cannot change', '', ...changes.map((rule) => ruleLine('', rule)));
  return `${lines.join('\n')}\n`;
}

function getTable({ columns, resource }: Kind): readonly string[] {
  return [
    `\`kubectl get ${resource.plural}\` shows (with \`-o wide\` those in brackets):`,
    '',
    '| column | is |',
    '| --- | --- |',
    ...columns.map(
      ({ name, wide, description, jsonPath }) =>
        `| ${wide ? `(${name})` : name} | ${cell(`${description} \`${jsonPath}\``)} |`,
    ),
  ];
}

function part(path: string, node: SchemaNode | undefined, { deep } = { deep: true }): readonly string[] {
  if (!node) return [];
  const rows = fieldRows(node, { prefix: '', deep, filled: true });
  const rules = deep ? allRules(node, path) : rulesOf(node).map((rule) => ruleLine(path, rule));
  return [
    '',
    `## ${path}`,
    '',
    `${node.description ?? ''}${defaultOf(node) === '' ? '' : ` Default: ${defaultOf(node)}.`}`,
    '',
    '| field | holds | default | what it is for |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(rules.length > 0 ? ['', ...rules] : []),
  ];
}

interface Walk {
  readonly prefix: string;
  readonly deep: boolean;
  readonly filled: boolean;
}

function fieldRows(node: SchemaNode, { prefix, deep, filled }: Walk): readonly string[] {
  const holder = node.items ?? node;
  const required = new Set(holder.required ?? []);
  return Object.entries(holder.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const filledHere = filled && !(filledByReader in child);
    const initial = required.has(name) && child.default === undefined ? 'required' : defaultOf(child);
    const rise = !filledHere && child.type === 'integer' ? ', or replicationFactor' : '';
    const row = `| \`${path}\` | ${cell(holds(child))} | ${cell(`${initial}${rise}`)} | ${cell(purpose(child))} |`;
    const below = deep
      ? fieldRows(child, { prefix: `${path}${child.items ? '[]' : ''}.`, deep, filled: filledHere })
      : [];
    return [row, ...below];
  });
}

function allRules(node: SchemaNode, path: string): readonly string[] {
  const holder = node.items ?? node;
  const place = node.items ? `${path}[]` : path;
  return [
    ...rulesOf(holder).map((rule) => ruleLine(place, rule)),
    ...Object.entries(holder.properties ?? {}).flatMap(([name, child]) =>
      allRules(child, `${place}.${name}`),
    ),
  ];
}

function ruleLine(path: string, { fieldPath = '', message }: Rule): string {
  return `- \`${`${path}${fieldPath}`.replace(/^\./, '')}\` ${message}.`;
}

const isBranch = (node: SchemaNode): boolean => (node.items ?? node).properties !== undefined;

function defaultOf({ default: value }: SchemaNode): string {
  const own = value !== undefined && JSON.stringify(value) !== '{}';
  return own ? `\`${JSON.stringify(value)}\`` : '';
}

function holds(node: SchemaNode): string {
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (node.anyOf) return node.anyOf.map(holds).join(' or ');
  if (node.items) return `list of ${holds(node.items)}s`;
  const { minimum, maximum } = node;
  if (minimum === undefined) return node.type ?? 'anything';
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
  return `${node.type}, ${minimum}${most === '' ? ' or more' : most}`;
}

function purpose({ description = '', examples }: SchemaNode): string {
  return examples
    ? `${description} For example ${examples.map((each) => `\`${each}\``).join(', ')}.`
    : description;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
