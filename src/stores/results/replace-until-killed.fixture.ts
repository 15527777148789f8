// Run by crash.test.ts in a process of its own: replaces the rows of three windows, each time with a higher generation,
// until it is killed, and prints `<window start> <generation>` once a replacement is acknowledged.

import { writeSync } from 'node:fs';
import { openEmbeddedResults } from './embedded.ts';
import type { ResultRow } from './port.ts';

const [file = '', firstGeneration = '0'] = process.argv.slice(2);
const results = await openEmbeddedResults({ file });
const [table] = await results.tables();
if (!table) throw new Error('the test made no table');

for (let generation = Number(firstGeneration); ; generation++) {
  const start = (generation % 3) * 60;
  const claim = await results.claim(table, start, { holder: 'processor', ttl: 60_000, now: Date.now() });
  await claim?.replace(rowsOf(generation));
  writeSync(1, `${start} ${generation}\n`);
}

/** As many rows as the generation says, in chunks. */
function* rowsOf(generation: number): Iterable<readonly ResultRow[]> {
  for (let left = 500 + (generation % 7) * 100; left > 0; left -= 100) {
    yield Array.from({ length: 100 }, () => [generation, '9'.repeat(78)]);
  }
}
