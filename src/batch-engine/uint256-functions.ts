// Exact arithmetic on uint256 amounts, which fit neither BIGINT nor DECIMAL(38). Inside they are DuckDB's BIGNUM, whose
// sums, differences and comparisons are exact; its products are not (they fall to DOUBLE without a word), so
// multiplication and remainder refuse it. Division gives a DOUBLE, as it does of every number.

import type { DuckDBConnection } from '@duckdb/node-api';

const macros = [
  // The cast alone would cut '1.5' to 1 and take '1e3' for an error of its own.
  `uint256(x) AS CASE WHEN x IS NULL THEN NULL
     WHEN regexp_full_match(x::VARCHAR, '-?[0-9]{1,1000}') THEN x::VARCHAR::BIGNUM
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
  'uint256_to_double(x) AS uint256(x)::DOUBLE',
];

/** Operators that lose digits of a BIGNUM, by the built-in function behind each. */
const lossy = [
  ['*', 'multiply'],
  ['//', 'divide'],
  ['%', 'mod'],
] as const;

export async function defineUint256Functions(connection: DuckDBConnection): Promise<void> {
  for (const macro of macros) await connection.run(`CREATE MACRO ${macro}`);
  for (const [operator, builtIn] of lossy) {
    // A macro of this name is found before the operator. The condition is constant by the time the query runs.
    await connection.run(`CREATE MACRO "${operator}"(a, b) AS CASE WHEN typeof(a) = 'BIGNUM' OR typeof(b) = 'BIGNUM'
      THEN error('${operator} would lose digits of a uint256 amount; use uint256_to_double(…) for an approximate figure')
      ELSE ${builtIn}(a, b) END`);
  }
}
