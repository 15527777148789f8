// The two encodings of Ethereum JSON-RPC: quantities (no leading zeros) and data (two digits a byte). These run on
// the hot path of extraction, several dozen times a transaction.

import type { Hex } from './block.ts';

const QUANTITY = /^0x(?:0|[1-9a-f][0-9a-f]*)$/;
const DATA = /^0x[0-9a-f]*$/;
const DIGITS = /^[0-9a-f]*$/;
/** Above so many characters data is long. 32 bytes are not. */
const LONG = 66;
const LONG_END = 32;
/** 256 bits. */
const MAX_QUANTITY_LENGTH = 66;
/** 14 digits hold what a number holds exactly (53 bits). */
const MAX_INTEGER_LENGTH = 16;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_A = 0x61;
const LETTER_F = 0x66;
const LETTER_X = 0x78;

/** A quantity of at most 256 bits? */
export function isQuantity(value: unknown): value is Hex {
  return typeof value === 'string' && value.length <= MAX_QUANTITY_LENGTH && QUANTITY.test(value);
}

/**
 * Lower-case data, of exactly that many bytes when given? Of long data (call data, logs) only both ends are looked
 * at: reading all of it would cost as much as parsing it, and no fault of a node is known that it would find.
 */
export function isData(value: unknown, bytes?: number): value is Hex {
  if (typeof value !== 'string') return false;
  const { length } = value;
  if (bytes === undefined ? length % 2 !== 0 : length !== 2 + 2 * bytes) return false;
  if (length <= LONG) return DATA.test(value);
  return DATA.test(value.slice(0, LONG_END)) && DIGITS.test(value.slice(length - LONG_END));
}

/** A quantity as a number; undefined when it is none, or beyond what a number holds exactly. */
export function toInteger(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length < 3 || value.length > MAX_INTEGER_LENGTH) return undefined;
  if (value.charCodeAt(0) !== ZERO || value.charCodeAt(1) !== LETTER_X) return undefined;
  if (value.charCodeAt(2) === ZERO && value.length > 3) return undefined;
  let number = 0;
  for (let at = 2; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code >= ZERO && code <= NINE) number = number * 16 + code - ZERO;
    else if (code >= LETTER_A && code <= LETTER_F) number = number * 16 + code - LETTER_A + 10;
    else return undefined;
  }
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A value as an error message shows it: its text when that is short, else what it is. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
