// Exact arithmetic on uint256 amounts, which fit neither BIGINT nor DECIMAL(38). They are DuckDB's BIGNUM, whose sums,
// differences and comparisons are exact; amount-casts.ts refuses what is not. The functions are for values that come as
// text or DECIMAL, and for SQL that another engine should run too.

import type { DuckDBConnection } from '@duckdb/node-api';

/** What `uint256` takes for an amount, up to 1000 characters. As `{1,1000}` it would take 2 ms to compile at each use. */
export const amountPattern = '-?[0-9]+';

const macros = [
  // The cast alone would cut '1.5' to 1 and take '1e3' for an error of its own.
  `uint256(x) AS CASE WHEN regexp_full_match(x::VARCHAR, '${amountPattern}') AND strlen(x::VARCHAR) <= 1000 THEN x::VARCHAR::BIGNUM
     WHEN x IS NULL THEN NULL
     ELSE error('not a decimal integer: ' || x::VARCHAR) END`,
  'uint256_sum(x) AS sum(uint256(x))',
  'uint256_min(x) AS min(uint256(x))',
  'uint256_max(x) AS max(uint256(x))',
  'uint256_add(a, b) AS uint256(a) + uint256(b)',
  'uint256_sub(a, b) AS uint256(a) - uint256(b)',
  'uint256_eq(a, b) AS uint256(a) = uint256(b)',
  'uint256_gt(a, b) AS uint256(a) > uint256(b)',
  'uint256_ge(a, b) AS uint256(a) >= uint256(b)',
  'uint256_lt(a, b) AS uint256(a) < uint256(b)',
  'uint256_le(a, b) AS uint256(a) <= uint256(b)',
  `uint256_compare(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL
     WHEN uint256(a) < uint256(b) THEN -1 WHEN uint256(a) > uint256(b) THEN 1 ELSE 0 END`,
  // Through text: nearest double, and no cast that the check of casts would refuse.
  'uint256_to_double(x) AS uint256(x)::VARCHAR::DOUBLE',
];

export async function defineUint256Functions(connection: DuckDBConnection): Promise<void> {
  await connection.run(macros.map((macro) => `CREATE MACRO ${macro};`).join('\n'));
}
