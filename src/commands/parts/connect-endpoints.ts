// From the addresses of the command line or the manifest to one reader of the chain; replay nodes are started on the way.

import { dirname } from 'node:path';
import type { Pipeline } from '../../api/pipeline.ts';
import type { ChainReader } from '../../chain/reader.ts';
import type { ReplayNode } from '../../chain/replay/replay-node.ts';
import { connectChain } from '../../chain/rpc/connect-chain.ts';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import type { Logger } from '../../logger.ts';
import { endpointUrls } from './endpoint-urls.ts';
import { isReplay, startReplayEndpoint } from './replay-endpoint.ts';

export interface Connection {
  readonly reader: ChainReader;
  /** What it reads from; may hold secrets. */
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** @throws WrongChain, EndpointUnreachable, SecretMissing, UsageInvalid, ReplayInvalid */
export async function connectEndpoints(options: {
  readonly pipeline: Pipeline;
  /** Path of the manifest: relative files are beside it. */
  readonly manifest: string;
  readonly rpc: readonly string[];
  readonly config: Config;
  /** The head that the data folder knows. */
  readonly resumeAt: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): Promise<Connection> {
  const { ethereum } = options.pipeline.spec.chain;
  const { clock, logger, signal, resumeAt } = options;
  const nodes: ReplayNode[] = [];
  const closeNodes = async (): Promise<void> => {
    for (const node of nodes) await node.close();
  };
  try {
    const urls: string[] = [];
    for (const url of endpointUrls(ethereum.endpoints, options.rpc, options.config)) {
      if (!isReplay(url)) {
        urls.push(url);
        continue;
      }
      const node = await startReplayEndpoint(url, { beside: dirname(options.manifest), resumeAt });
      nodes.push(node);
      logger.info({ url: node.url }, `replay node: ${node.describe()}`);
      // The head is told over the WebSocket, bulk is read over HTTP.
      urls.push(node.wsUrl, node.url);
    }
    const endpoints = urls.map((url) => ({ url }));
    const reader = await connectChain({
      endpoints,
      expectedChainId: ethereum.chainId,
      clock,
      logger,
      signal,
    });
    return {
      reader,
      urls,
      close: async () => {
        await reader.close();
        await closeNodes();
      },
    };
  } catch (error) {
    await closeNodes();
    throw error;
  }
}
