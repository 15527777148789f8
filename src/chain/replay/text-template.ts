// JSON text with holes: an object is written once, and filled with other values as often as needed, which costs a
// fraction of writing it again. Every hole takes a string.

const mark = /"@millrace:(\w+)@"/;

/** Put this where the hole is to be. */
export function hole(name: string): string {
  return `@millrace:${name}@`;
}

/** Literal text, with the quotes around each hole, and the names of holes, in turn. */
export type TextTemplate<Name extends string> = readonly string[] & { readonly names?: Name };

export function textTemplate<Name extends string>(value: unknown): TextTemplate<Name> {
  const ascii = JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const parts = ascii.split(mark);
  return parts.map((part, at) => {
    if (at % 2 === 1) return part;
    return `${at === 0 ? '' : '"'}${part}${at === parts.length - 1 ? '' : '"'}`;
  });
}

/** ASCII text written into one growing buffer: several times faster than joining strings and encoding them. */
export class TextWriter {
  #buffer: Buffer;
  #length = 0;

  /** `size`: the expected length in bytes. */
  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(Math.max(size, 1024));
  }

  write(text: string): void {
    if (this.#length + text.length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(2 * (this.#length + text.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  fill<Name extends string>(template: TextTemplate<Name>, values: Readonly<Record<Name, string>>): void {
    this.write(template[0] as string);
    for (let at = 1; at < template.length; at += 2) {
      this.write(values[template[at] as Name]);
      this.write(template[at + 1] as string);
    }
  }

  /** What was written, in memory of its own size. */
  finish(): Buffer {
    return this.#length * 1.1 > this.#buffer.length
      ? this.#buffer.subarray(0, this.#length)
      : Buffer.from(this.#buffer.subarray(0, this.#length));
  }
}
