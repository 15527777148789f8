// Whether the values of a column may be stacked over keys (tokens, addresses): only what adds up to something. Nobody
// says so; the column's type and name tell. In doubt it does not: parts side by side are never wrong.

import type { ResultColumn } from '../../../stores/results/port.ts';

/** Words in a name for what a sum makes no sense of: extremes, means, prices, and counts of different things. */
const neverAddsUp = words(
  'lowest highest least most min max minimum maximum smallest largest avg average mean median mode stddev variance',
  'price prices rate ratio share percent percentage quantile percentile',
  'distinct unique different senders receivers recipients holders users accounts addresses tokens contracts',
  'first last newest oldest number index height nonce id decimals timestamp balance balances supply',
);
/** Words for amounts that have one unit, whatever the key. */
const oneUnit = words(
  'gas fee fees wei gwei ether eth count transactions transfers blocks logs events bytes',
);

export function addsUp({ name, type }: ResultColumn): boolean {
  const named = name.toLowerCase().split(/[^a-z]+/);
  if (named.some((word) => neverAddsUp.has(word))) return false;
  // Whole 64-bit numbers are counts. Larger ones may be amounts of different tokens, unless the name tells the unit.
  return type === 'integer' || named.some((word) => oneUnit.has(word));
}

function words(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}
