// Functions that make much out of little, bounded: DuckDB does not count the text of a vector against memory_limit, so
// one `repeat('x', 1e9)` would take the process with it. A macro is found before the built-in function of its name.

import type { DuckDBConnection } from '@duckdb/node-api';

/** Bytes of one text; a vector holds 2048 of them. */
export const TEXT_BYTES = 16 * 1024;
/** Elements of one list. */
export const LIST_LENGTH = 10_000;

const tooLong = (name: string) => `error('${name}: more than ${TEXT_BYTES / 1024} KiB of text')`;
const tooMany = (name: string) => `error('${name}: more than ${LIST_LENGTH} elements')`;
/** Of a list in steps, as DOUBLE: no overflow. */
const listed = (name: string, from: string, to: string, step: string) =>
  `CASE WHEN abs((${to}::DOUBLE - ${from}::DOUBLE) / nullif(${step}::DOUBLE, 0)) > ${LIST_LENGTH} THEN ${tooMany(name)}`;

const lists = ['range', 'generate_series'].map(
  (name) => `${name}
    (a) AS ${listed(name, '0', 'a', '1')} ELSE system.main.${name}(a) END,
    (a, b) AS ${listed(name, 'a', 'b', '1')} ELSE system.main.${name}(a, b) END,
    (a, b, c) AS ${listed(name, 'a', 'b', 'c')} ELSE system.main.${name}(a, b, c) END`,
);

const pads = ['lpad', 'rpad'].map(
  (name) => `${name}(s, n, fill) AS
    CASE WHEN n > ${TEXT_BYTES / 4} THEN ${tooLong(name)} ELSE system.main.${name}(s, n, fill) END`,
);

const macros = [
  `repeat(s, n) AS
    CASE WHEN strlen(s)::DOUBLE * n > ${TEXT_BYTES} THEN ${tooLong('repeat')} ELSE system.main.repeat(s, n) END`,
  // What replaces is longer than what it replaces, and the text holds nothing else: the most that can come out.
  `replace(s, old, fresh) AS
    CASE WHEN strlen(fresh) > strlen(old)
      AND strlen(s)::DOUBLE / greatest(strlen(old), 1) * strlen(fresh) > ${TEXT_BYTES} THEN ${tooLong('replace')}
    ELSE system.main.replace(s, old, fresh) END`,
  ...pads,
  ...lists,
];

export async function boundFunctions(connection: DuckDBConnection): Promise<void> {
  await connection.run(macros.map((macro) => `CREATE MACRO ${macro};`).join('\n'));
}
