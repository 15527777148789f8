// Real blocks with only their first transactions, as files for the replay node: enough of a chain to be disturbed, at a
// rate that three Cassandra nodes on two cores can follow.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { mainnetFiles } from '../../millrace-process.ts';

/** Writes the files into `folder`; answers their paths. Roots no longer fit: the chain must be relinked. */
export function smallBlocks(folder: string, transactions: number): readonly string[] {
  return mainnetFiles.map((file, at) => {
    const lines = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
    const path = join(folder, `small-${at}.ndjson`);
    writeFileSync(
      path,
      `${lines.map((line) => JSON.stringify(shortened(JSON.parse(line), transactions))).join('\n')}\n`,
    );
    return path;
  });
}

interface Line {
  readonly transactions?: readonly unknown[];
  readonly receipts?: readonly unknown[];
}

function shortened(line: Line, count: number): Line {
  return {
    ...line,
    ...(line.transactions ? { transactions: line.transactions.slice(0, count) } : {}),
    ...(line.receipts ? { receipts: line.receipts.slice(0, count) } : {}),
  };
}
