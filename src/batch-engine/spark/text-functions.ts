// Functions of text. Positions and lengths count characters in both engines. What makes much out of little is bounded in
// Functions.java as in bounded-functions.ts.

import type { Build, Call } from './functions.ts';
import { constantInteger, constantText, textLiteral } from './literals.ts';
import { portablePattern } from './patterns.ts';
import { notOnSpark, texts } from './types.ts';

const ofText =
  (build: (call: Call) => string | undefined): Build =>
  (call) =>
    texts.has(call.types[0] ?? '') ? build(call) : undefined;

const called = (spark: string): Build => ofText(({ args }) => `${spark}(${args.join(', ')})`);
const asInteger = (spark: string): Build =>
  ofText(({ args }) => `CAST(${spark}(${args.join(', ')}) AS BIGINT)`);

const needConstant = (call: Call, at: number, least: number): number => {
  const value = constantInteger(call.operands[at]);
  if (value === undefined || value < least) {
    return notOnSpark(`${call.name} with a number that is not written out as ${least} or more`);
  }
  return value;
};

/** No character of DuckDB's patterns escapes another; Spark's have to be told one that does not occur. */
const like = (word: string): Build =>
  ofText(({ args: [a], operands, name }) => {
    const pattern = constantText(operands[1]);
    if (pattern === undefined || pattern.includes('~')) {
      return notOnSpark(`${name} (LIKE) with a pattern that is not written out, or holds ~`);
    }
    return `(${a} ${word} ${textLiteral(pattern)} ESCAPE '~')`;
  });

const matching = (whole: boolean): Build =>
  ofText(({ args, operands, name }) => {
    if (args.length > 2) return notOnSpark(`${name} with options`);
    const pattern = portablePattern(constantText(operands[1]), name);
    return `(${args[0]} RLIKE ${textLiteral(whole ? `\\A(?:${pattern})\\z` : pattern)})`;
  });

const trimmed = (side: string): Build =>
  ofText(({ args: [a, b] }) => `trim(${side} ${b ?? "' '"} FROM ${a})`);

const substring: Build = ofText((call) => {
  const [a, from, length] = call.args;
  needConstant(call, 1, 1);
  if (length !== undefined) needConstant(call, 2, 0);
  return length === undefined
    ? `substring(${a}, CAST(${from} AS INT))`
    : `substring(${a}, CAST(${from} AS INT), CAST(${length} AS INT))`;
});

const cut = (side: string): Build =>
  ofText((call) => `${side}(${call.args[0]}, ${needConstant(call, 1, 0)})`);

/** The pattern of a text that stands for itself. */
const quotedPattern = (text: string) => text.replaceAll(/[^A-Za-z0-9 ]/g, '\\$&');

const split: Build = ofText(({ args, operands }) => {
  const separator = constantText(operands[1]);
  if (separator === undefined || separator === '') return notOnSpark('splitting at what is not written out');
  return `split(${args[0]}, ${textLiteral(quotedPattern(separator))}, -1)`;
});

const extract: Build = ofText((call) => {
  if (call.args.length > 3) return notOnSpark('regexp_extract with options');
  const group = call.args.length === 3 ? needConstant(call, 2, 0) : 0;
  const pattern = portablePattern(constantText(call.operands[1]), call.name);
  return `regexp_extract(${call.args[0]}, ${textLiteral(pattern)}, ${group})`;
});

const length: Build = ({ args, types }) => {
  if (types[0] === 'LIST') return `CAST(size(${args[0]}) AS BIGINT)`;
  return texts.has(types[0] ?? '') ? `CAST(char_length(${args[0]}) AS BIGINT)` : undefined;
};

const hex: Build = ({ args, types }) =>
  texts.has(types[0] ?? '') || types[0] === 'BIGINT' ? `hex(${args[0]})` : undefined;

export const textFunctions: Readonly<Record<string, Build>> = {
  '||': ofText(({ args }) => `concat(${args.join(', ')})`),
  // NULLs are left out.
  concat: ofText(({ args, types }) =>
    types.every((id) => texts.has(id)) ? `concat_ws('', ${args.join(', ')})` : undefined,
  ),
  concat_ws: ofText(({ args, types }) =>
    types.every((id) => texts.has(id)) ? `concat_ws(${args.join(', ')})` : undefined,
  ),
  '~~': like('LIKE'),
  '!~~': like('NOT LIKE'),
  '~~*': like('ILIKE'),
  '!~~*': like('NOT ILIKE'),
  '^@': called('startswith'),
  starts_with: called('startswith'),
  prefix: called('startswith'),
  ends_with: called('endswith'),
  suffix: called('endswith'),
  contains: called('contains'),
  instr: asInteger('instr'),
  strpos: asInteger('instr'),
  position: asInteger('instr'),
  length,
  len: length,
  char_length: length,
  character_length: length,
  strlen: asInteger('octet_length'),
  lower: called('text_lower'),
  lcase: called('text_lower'),
  upper: called('text_upper'),
  ucase: called('text_upper'),
  trim: trimmed('BOTH'),
  ltrim: trimmed('LEADING'),
  rtrim: trimmed('TRAILING'),
  substring,
  substr: substring,
  left: cut('left'),
  right: cut('right'),
  replace: called('text_replace'),
  repeat: called('text_repeat'),
  lpad: called('text_lpad'),
  rpad: called('text_rpad'),
  reverse: called('reverse'),
  // What the binder makes of split_part.
  string_split: split,
  str_split: split,
  string_to_array: split,
  regexp_matches: matching(false),
  regexp_full_match: matching(true),
  regexp_extract: extract,
  hex,
  to_hex: hex,
  md5: called('md5'),
  sha1: called('sha1'),
  sha256: ofText(({ args }) => `sha2(${args[0]}, 256)`),
};
