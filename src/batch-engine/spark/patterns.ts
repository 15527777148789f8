// Regular expressions that RE2 (DuckDB) and Java (Spark) read alike: letters, digits, plain signs, classes, groups,
// alternatives, repetition. No repetition of a group: Java would try all ways to divide a text.

import { notOnSpark } from './types.ts';

const plain = /[A-Za-z0-9 _,:;<>=@#%&~"'/!-]/;

/** The pattern for Java. `$` is the end of the text in RE2, also before a last line break in Java. */
export function portablePattern(pattern: string | undefined, name: string): string {
  if (pattern === undefined) return notOnSpark(`${name} with a pattern that is not written out`);
  const refuse = (what: string) => notOnSpark(`${name} with ${what} in its pattern`);
  let out = '';
  let before: 'nothing' | 'atom' | 'group' | 'repeated' = 'nothing';
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at] as string;
    const rest = pattern.slice(at);
    const counted = /^\{\d{1,3}(,\d{0,3})?\}/.exec(rest)?.[0];
    const set = /^\[\^?[A-Za-z0-9 _,:;.<>=@#%~"'/!-]+\]/.exec(rest)?.[0];
    if (/[*+?]/.test(sign) || counted !== undefined) {
      if (before !== 'atom')
        return refuse(before === 'group' ? 'a repeated group' : `${sign} after ${before}`);
      out += counted ?? sign;
      at += (counted?.length ?? 1) - 1;
      before = 'repeated';
    } else if (set !== undefined) {
      // Two signs in a row would be a union or an intersection to Java.
      if (/&&|--|~~/.test(set)) return refuse('a doubled sign in a class');
      out += set;
      at += set.length - 1;
      before = 'atom';
    } else if (sign === '(' && rest[1] !== '?') {
      out += sign;
      before = 'nothing';
    } else if (sign === ')') {
      out += sign;
      before = 'group';
    } else if (sign === '|' || sign === '^') {
      out += sign;
      before = 'nothing';
    } else if (sign === '$') {
      out += '\\z';
      before = 'nothing';
    } else if (sign === '.') {
      out += '[^\\n]';
      before = 'atom';
    } else if (plain.test(sign)) {
      out += sign;
      before = 'atom';
    } else {
      return refuse(JSON.stringify(sign));
    }
  }
  return out;
}
