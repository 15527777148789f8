// What the node says of its canonical chain, asked by plain JSON-RPC: what the stores are checked against by code that
// shares nothing with the pipeline.

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
