// A stream of bytes as lines, split before anything is decoded: a character may be cut by a chunk, a line feed cannot.

const lineFeed = 0x0a;

/** Without what follows the last line feed. @throws RangeError when a line has more than `maxBytes` */
export async function* lines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      const end = chunk.subarray(from, at);
      from = at + 1;
      if (rest.length === 0) {
        if (end.length > 0) yield end.toString('utf8');
        continue;
      }
      rest.push(end);
      const line = Buffer.concat(rest, size + end.length).toString('utf8');
      rest = [];
      size = 0;
      yield line;
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > maxBytes) throw new RangeError(`a line of the watch has more than ${maxBytes} bytes`);
    }
  }
}
