// Where an object is not as it is wanted. What others may add beside our fields is no difference: server-side apply would
// leave it there. In what is merged as one value it is.

import { isImmutableList, isWholeMap, listMergeOf } from './list-keys.ts';

export interface Difference {
  /** `spec.template.spec.containers[name=main].image`. */
  readonly path: string;
  /** undefined: should not be there. */
  readonly wanted: unknown;
  /** undefined: is not there. */
  readonly found: unknown;
}

/** `exactly`: also what is found and not wanted. */
export function differences(wanted: unknown, found: unknown, exactly = false): readonly Difference[] {
  const result: Difference[] = [];
  compare({ wanted, found, path: '', field: '', exactly }, result);
  return result;
}

interface Pair {
  readonly wanted: unknown;
  readonly found: unknown;
  readonly path: string;
  /** Name of the field, which says how its items merge. */
  readonly field: string;
  readonly exactly: boolean;
}

function compare(pair: Pair, result: Difference[]): void {
  const { wanted, found, path, field } = pair;
  if (Array.isArray(wanted) && Array.isArray(found)) {
    compareLists(pair, wanted, found, result);
    return;
  }
  if (isMap(wanted) && isMap(found)) {
    const exactly = pair.exactly || isWholeMap(field);
    for (const [key, value] of Object.entries(wanted)) {
      if (value === undefined) continue;
      const at = path === '' ? key : `${path}${keyPart(key)}`;
      compare({ wanted: value, found: found[key], path: at, field: key, exactly }, result);
    }
    if (!exactly) return;
    for (const [key, value] of Object.entries(found)) {
      if (value === undefined || wanted[key] !== undefined) continue;
      result.push({
        path: path === '' ? key : `${path}${keyPart(key)}`,
        wanted: undefined,
        found: value,
      });
    }
    return;
  }
  if (wanted !== found) result.push({ path, wanted, found });
}

function compareLists(
  { path, field, exactly }: Pair,
  wanted: readonly unknown[],
  found: readonly unknown[],
  result: Difference[],
): void {
  const merge = listMergeOf(field, wanted);
  if (merge === 'set') {
    for (const item of wanted)
      if (!found.includes(item)) result.push({ path: `${path}[${item}]`, wanted: item, found: undefined });
    if (!exactly) return;
    for (const item of found)
      if (!wanted.includes(item)) result.push({ path: `${path}[${item}]`, wanted: undefined, found: item });
    return;
  }
  if (merge === 'whole') {
    if (wanted.length !== found.length) {
      result.push({ path, wanted, found });
      return;
    }
    const inside = exactly || !isImmutableList(field);
    for (const [index, item] of wanted.entries())
      compare(
        { wanted: item, found: found[index], path: `${path}[${index}]`, field: '', exactly: inside },
        result,
      );
    return;
  }
  const nameOf = (item: unknown): string =>
    merge.map((key) => `${key}=${isMap(item) ? String(item[key]) : ''}`).join(',');
  const there = new Map(found.map((item) => [nameOf(item), item]));
  for (const item of wanted) {
    const name = nameOf(item);
    compare({ wanted: item, found: there.get(name), path: `${path}[${name}]`, field: '', exactly }, result);
    there.delete(name);
  }
  if (!exactly) return;
  for (const [name, item] of there) result.push({ path: `${path}[${name}]`, wanted: undefined, found: item });
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys with dots or slashes, as labels have them, stand in brackets. */
const keyPart = (key: string): string => (/^[\w-]+$/.test(key) ? `.${key}` : `[${key}]`);
