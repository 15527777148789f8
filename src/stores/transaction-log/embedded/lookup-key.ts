// What hashes and addresses are indexed by: their last 48 bits, which a JavaScript number and six bytes of SQLite
// hold. Two of a million keys meet once in 280 million look-ups; whoever looks up compares the full text afterwards.

const DIGITS = 12;
const HEX = /^[0-9a-f]{12}$/i;

/** Undefined when the text ends in anything but hex, so can be no hash and no address. */
export function lookupKey(text: string): number | undefined {
  const tail = text.slice(-DIGITS);
  return HEX.test(tail) ? Number.parseInt(tail, 16) : undefined;
}
