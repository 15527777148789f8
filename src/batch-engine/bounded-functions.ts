// Functions that make much out of little, bounded: DuckDB does not count the text of a vector against memory_limit, so
// one `repeat('x', 1e9)` would take the process with it. A macro is found before the built-in function of its name.

import type { DuckDBConnection } from '@duckdb/node-api';

/** Bytes of one text; a vector holds 2048 of them. */
export const TEXT_BYTES = 16 * 1024;
/** The same of what regexp_replace could make at worst: more, because one that shortens passes only if its worst does. */
const REPLACED_BYTES = 1024 * 1024;
/** Elements of one list. */
export const LIST_LENGTH = 10_000;

const tooLong = (name: string, bytes = TEXT_BYTES) =>
  `error('${name}: more than ${bytes / 1024} KiB of text')`;
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

/**
 * An expression that names its argument several times, as one in which the argument stands once. A macro copies its
 * arguments: without this, calls within calls would double at each level.
 */
const once = (argument: string, body: (text: string) => string) =>
  `list_transform([${argument}], lambda bounded_text: ${body('bounded_text')})[1]`;

/** Between any two letters the pattern may match nothing, and each \1 of what replaces may be the whole text. */
const replaced = (text: string, flags: string, more: string) =>
  `CASE WHEN (contains(${flags}, 'g') OR contains(fresh, '\\'))
      AND fresh <> '' AND (strlen(${text}) + 1)::DOUBLE * (strlen(fresh) + 1) > ${REPLACED_BYTES}
    THEN ${tooLong('regexp_replace', REPLACED_BYTES)} ELSE system.main.regexp_replace(${text}, ${more}) END`;

const macros = [
  `repeat(s, n) AS ${once(
    's',
    (text) => `CASE WHEN strlen(${text})::DOUBLE * n > ${TEXT_BYTES} THEN ${tooLong('repeat')}
    ELSE system.main.repeat(${text}, n) END`,
  )}`,
  // What replaces is longer than what it replaces, and the text holds nothing else: the most that can come out.
  `replace(s, old, fresh) AS ${once(
    's',
    (text) => `CASE WHEN strlen(fresh) > strlen(old)
      AND strlen(${text})::DOUBLE / greatest(strlen(old), 1) * strlen(fresh) > ${TEXT_BYTES} THEN ${tooLong('replace')}
    ELSE system.main.replace(${text}, old, fresh) END`,
  )}`,
  `regexp_replace
    (s, pattern, fresh) AS ${once('s', (text) => replaced(text, "''", 'pattern, fresh'))},
    (s, pattern, fresh, flags) AS ${once('s', (text) => replaced(text, 'flags', 'pattern, fresh, flags'))}`,
  ...pads,
  ...lists,
];

export async function boundFunctions(connection: DuckDBConnection): Promise<void> {
  await connection.run(macros.map((macro) => `CREATE MACRO ${macro};`).join('\n'));
}
