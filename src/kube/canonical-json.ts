// One text for one value, whatever order its fields were written in. What the API server would take for something else
// than the absence that was meant is refused: null, and numbers that are none.

import { hash } from 'node:crypto';

/** Fields that are undefined are left out. @throws TypeError that names the path of a null, NaN or function */
export function canonicalJson(value: unknown, path = ''): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value);
      break;
    case 'object':
      if (value === null) break;
      if (Array.isArray(value))
        return `[${value.map((item, index) => canonicalJson(item, `${path}[${index}]`)).join(',')}]`;
      return `{${Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item, `${path}.${key}`)}`)
        .join(',')}}`;
  }
  throw new TypeError(
    `${path === '' ? 'the value' : path}: ${String(value)} cannot be applied; leave the field out`,
  );
}

/** 16 hexadecimal digits. */
export const canonicalHash = (value: unknown): string =>
  hash('sha256', canonicalJson(value), 'hex').slice(0, 16);
