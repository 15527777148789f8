// Cuts a byte stream into JSON texts. Nodes write one object or array after another on an IPC socket, mostly with
// a line feed between them but not always; so it counts brackets and skips strings instead of looking for lines.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

export interface JsonSplitter {
  /** The texts that this chunk completes. */
  push(chunk: Buffer): readonly Buffer[];
  /** Bytes held of a text that is not complete yet. */
  readonly buffered: number;
}

export function createJsonSplitter(): JsonSplitter {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;

  const take = (part: Buffer): Buffer => {
    const whole = held.length === 0 ? part : Buffer.concat([...held, part]);
    held = [];
    heldBytes = 0;
    return whole;
  };

  return {
    get buffered() {
      return heldBytes;
    },
    push(chunk) {
      const texts: Buffer[] = [];
      let start = 0;
      let at = 0;
      while (at < chunk.length) {
        if (inString) {
          if (escaped) {
            escaped = false;
            at += 1;
            continue;
          }
          at = endOfString(chunk, at);
          if (at >= chunk.length) break;
          if (chunk[at] === BACKSLASH) escaped = true;
          else inString = false;
          at += 1;
          continue;
        }
        const byte = chunk[at];
        if (byte === QUOTE) {
          inString = true;
        } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
          if (depth === 0) start = at;
          depth += 1;
        } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && depth > 0) {
          depth -= 1;
          if (depth === 0) {
            texts.push(take(chunk.subarray(start, at + 1)));
            start = at + 1;
          }
        }
        at += 1;
      }
      if (depth > 0 && start < chunk.length) {
        const rest = chunk.subarray(start);
        held.push(rest);
        heldBytes += rest.byteLength;
      }
      return texts;
    },
  };
}

/** The next quote or backslash, or the end of the chunk. Long hex strings are skipped natively. */
function endOfString(chunk: Buffer, from: number): number {
  const quote = chunk.indexOf(QUOTE, from);
  const end = quote === -1 ? chunk.length : quote;
  const backslash = chunk.subarray(from, end).indexOf(BACKSLASH);
  return backslash === -1 ? end : from + backslash;
}
