// What the example processors must find, computed from the node's own answers by code that shares nothing with the
// pipeline: plain loops and BigInt over the raw JSON.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface RawBlock {
  readonly number: string;
  readonly hash: string;
  readonly timestamp: string;
  readonly transactions: readonly { readonly hash: string }[];
}

export interface RawReceipt {
  readonly gasUsed: string;
  readonly effectiveGasPrice: string;
  readonly logs: readonly {
    readonly address: string;
    readonly topics: readonly string[];
    readonly data: string;
    readonly logIndex: string;
  }[];
}

export interface RawChain {
  readonly blocks: readonly RawBlock[];
  readonly receipts: ReadonlyMap<string, readonly RawReceipt[]>;
}

export function readRawChain(files: readonly string[]): RawChain {
  const lines = files
    .flatMap((file) => gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n'))
    .map((line) => JSON.parse(line));
  return {
    blocks: lines.filter((line) => line.transactions).sort((a, b) => Number(a.number) - Number(b.number)),
    receipts: new Map(lines.filter((line) => line.receipts).map((line) => [line.blockHash, line.receipts])),
  };
}

const transferTopic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

/** Rows of both tables as dump-data.ts has them, for the windows that blocks first..last close. */
export function expectedResults(chain: RawChain, window: number): ReadonlyMap<string, readonly string[]> {
  const times = chain.blocks.map((block) => Number(block.timestamp));
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? 0;
  const gas: string[] = [];
  const tokens: string[] = [];
  for (let start = (Math.floor(first / window) + 1) * window; start + window <= last; start += window) {
    const inside = chain.blocks.filter(
      (block) => Number(block.timestamp) >= start && Number(block.timestamp) < start + window,
    );
    const receipts = inside.flatMap((block) => chain.receipts.get(block.hash) ?? []);
    let used = 0n;
    let fees = 0n;
    const byToken = new Map<string, { transfers: number; amount: bigint }>();
    for (const receipt of receipts) {
      used += BigInt(receipt.gasUsed);
      fees += BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice);
      for (const log of receipt.logs) {
        if (log.topics[0] !== transferTopic || log.topics.length !== 3 || log.data.length !== 66) continue;
        const token = byToken.get(log.address) ?? { transfers: 0, amount: 0n };
        byToken.set(log.address, { transfers: token.transfers + 1, amount: token.amount + BigInt(log.data) });
      }
    }
    gas.push(JSON.stringify([start, receipts.length, used.toString(), fees.toString()]));
    for (const [token, { transfers, amount }] of byToken)
      tokens.push(JSON.stringify([start, token, transfers, amount.toString()]));
  }
  return new Map([
    ['cluster.gas_by_window', gas.sort()],
    ['cluster.transfers_by_token', tokens.sort()],
  ]);
}
