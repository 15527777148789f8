// What the node says of its canonical chain, asked by plain JSON-RPC: what the stores are checked against by code that
// shares nothing with the pipeline.

import type { RawBlock, RawReceipt } from '../../expected-results.ts';

export interface Answered {
  readonly block: RawBlock;
  readonly receipts: readonly RawReceipt[];
}

export async function askBlock(url: string, number: number): Promise<Answered> {
  const at = `0x${number.toString(16)}`;
  const call = (id: number, method: string, params: readonly unknown[]) => ({
    jsonrpc: '2.0',
    id,
    method,
    params,
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([
      call(1, 'eth_getBlockByNumber', [at, true]),
      call(2, 'eth_getBlockReceipts', [at]),
    ]),
  });
  const [block, receipts] = (await response.json()) as [
    { result: RawBlock },
    { result: readonly RawReceipt[] },
  ];
  return { block: block.result, receipts: receipts.result };
}
