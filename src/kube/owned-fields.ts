// Which fields are whose, as managedFields have it. What was created belongs to its creator by "Update", and apply gives
// up only what it owns by "Apply": so before the first apply to an object that we created, the one becomes the other.

import type { LiveObject, ManagedFieldsEntry } from './object.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Undefined when nothing of the manager's is owned by Update. */
export function asApplied(
  { apiVersion, metadata }: LiveObject,
  manager: string,
): readonly ManagedFieldsEntry[] | undefined {
  const entries = metadata.managedFields ?? [];
  const ours = entries.filter((entry) => entry.manager === manager && entry.subresource === undefined);
  if (!ours.some(({ operation }) => operation === 'Update')) return undefined;
  const [first] = ours;
  const fieldsV1 = ours.map(({ fieldsV1 = {} }) => fieldsV1).reduce(union);
  const applied = { ...first, apiVersion, manager, operation: 'Apply' as const, fieldsV1 };
  return [...entries.filter((entry) => !ours.includes(entry)), applied];
}

/** Sets of paths as trees: `{"f:spec": {"f:replicas": {}}}`. */
function union(a: Fields, b: Fields): Fields {
  const both: Record<string, unknown> = { ...a };
  for (const [path, below] of Object.entries(b)) {
    const other = both[path];
    both[path] = isTree(other) && isTree(below) ? union(other, below) : below;
  }
  return both;
}

const isTree = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
