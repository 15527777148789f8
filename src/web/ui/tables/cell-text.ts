// A value as its cell shows it: hashes shortened, very long text cut.

import { shortHash } from '../../../status/figures.ts';
import type { ResultColumn, ResultValue } from '../../../stores/results/port.ts';
import { formatCell } from '../format-value.ts';

const longest = 48;

export function cellText(value: ResultValue, { type }: ResultColumn): string {
  if (isHash(value)) return shortHash(value);
  const text = formatCell(value, type);
  return text.length > longest ? `${text.slice(0, longest - 8)}…` : text;
}

/** An address, or the hash of a block or of a transaction. */
export function isHash(value: ResultValue): value is string {
  return typeof value === 'string' && /^0x([0-9a-f]{40}|[0-9a-f]{64})$/.test(value);
}
