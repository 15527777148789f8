// A replay node as a process of its own, so that serving costs the measured process nothing: real blocks looped with
// new numbers, hashes and signatures, made and kept in memory before the first request.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { loadChain } from '../../src/chain/replay/load-chain.ts';
import { startReplay } from '../../src/chain/replay/replay-node.ts';
import { mainnetFiles } from '../millrace-process.ts';

export interface WarmNodeOptions {
  readonly blocks: number;
  /** Block at which the head stands at first; default the last one. */
  readonly headStart?: number;
  /** Pause between heads. */
  readonly everyMs?: number;
  readonly finalityDistance: number;
}

export interface WarmNode {
  readonly pid: number | undefined;
  readonly url: string;
  readonly wsUrl: string;
  readonly first: number;
  readonly last: number;
  readonly transactions: number;
  readonly logs: number;
  /** When the head came to each block, in ms since 1970. */
  heads(): ReadonlyMap<number, number>;
  close(): Promise<void>;
}

interface Ready {
  readonly url: string;
  readonly wsUrl: string;
  readonly first: number;
  readonly last: number;
  readonly transactions: number;
  readonly logs: number;
}

const cacheBytes = 6 * 1024 ** 3;

export async function startWarmNode(options: WarmNodeOptions): Promise<WarmNode> {
  const child = fork(new URL(import.meta.url).pathname, [JSON.stringify(options)], {
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-old-space-size=4096'],
  });
  const heads = new Map<number, number>();
  const [ready] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the replay node ended before it was ready');
    }),
  ])) as [Ready];
  child.on('message', ({ number, at }: { number: number; at: number }) => heads.set(number, at));
  return {
    ...ready,
    pid: child.pid,
    heads: () => heads,
    close: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function serve(options: WarmNodeOptions): Promise<void> {
  const { blocks, headStart, everyMs, finalityDistance } = options;
  const chain = await loadChain({ files: mainnetFiles, relink: { blocks, startNumber: 1_000 }, cacheBytes });
  const node = await startReplay({
    chain,
    cacheBytes,
    finalityDistance,
    head: { start: headStart ?? 'last', ...(everyMs === undefined ? {} : { everyMs }) },
  });
  let transactions = 0;
  let logs = 0;
  for (let number = chain.first; number <= chain.last; number++) {
    const call = (method: string, params: readonly unknown[]) => ({ jsonrpc: '2.0', id: 1, method, params });
    const at = `0x${number.toString(16)}`;
    const body = JSON.stringify([
      call('eth_getBlockByNumber', [at, true]),
      call('eth_getBlockReceipts', [at]),
    ]);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(node.url, { method: 'POST', headers, body });
    const [block, receipts] = (await answer.json()) as [
      { result: { transactions: readonly unknown[] } | null },
      { result: readonly { logs: readonly unknown[] }[] | null },
    ];
    transactions += block.result?.transactions.length ?? 0;
    logs += receipts.result?.reduce((sum, receipt) => sum + receipt.logs.length, 0) ?? 0;
  }
  let head = node.head();
  setInterval(() => {
    for (const now = node.head(); head < now; ) {
      head += 1;
      process.send?.({ number: head, at: Date.now() });
    }
  }, 1);
  process.once('SIGTERM', () => process.exit(0));
  process.once('disconnect', () => process.exit(0));
  const { url, wsUrl } = node;
  process.send?.({ url, wsUrl, first: chain.first, last: chain.last, transactions, logs } satisfies Ready);
}

const [given] = process.argv.slice(2);
if (process.send && given) await serve(JSON.parse(given) as WarmNodeOptions);
