// Real blocks with only their first transactions, as files for the replay node: enough of a chain to be disturbed, at a
// rate that three Cassandra nodes on two cores can follow.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { mainnetFiles } from '../../millrace-process.ts';

/** Writes the files into `folder`; answers their paths. Roots no longer fit: the chain must be relinked. */
export function smallBlocks(folder: string, transactions: number): readonly string[] {
  const files = mainnetFiles.map((file) =>
    gunzipSync(readFileSync(file))
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line),
  );
  const receipts = new Map(
    files.flat().flatMap((line) => (isReceipts(line) ? [[line.blockHash, line]] : [])),
  );
  return files.map((lines, at) => {
    const path = join(folder, `small-${at}.ndjson`);
    const short = lines.map((line) =>
      isReceipts(line)
        ? { ...line, receipts: line.receipts.slice(0, transactions) }
        : {
            ...line,
            transactions: line.transactions.slice(0, transactions),
            gasUsed: receipts.get(line.hash)?.receipts[transactions - 1]?.cumulativeGasUsed ?? line.gasUsed,
          },
    );
    writeFileSync(path, `${short.map((line) => JSON.stringify(line)).join('\n')}\n`);
    return path;
  });
}

interface BlockLine {
  readonly hash: string;
  readonly gasUsed: string;
  readonly transactions: readonly unknown[];
}

interface ReceiptsLine {
  readonly blockHash: string;
  readonly receipts: readonly { readonly cumulativeGasUsed: string }[];
}

type Line = BlockLine | ReceiptsLine;

function isReceipts(line: Line): line is ReceiptsLine {
  return 'receipts' in line;
}
