// `millrace web`: the pages and the API over the stores. It runs no stage: what it shows is read back from them.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDbEngine } from '../../batch-engine/duckdb.ts';
import { createQueryRunner } from '../../batch-engine/run-query.ts';
import { isMillraceError } from '../../errors.ts';
import { type BlocksWatch, createBlocksWatch } from '../../status/blocks-watch.ts';
import { metricsOfChain, metricsOfLag, metricsOfLog, metricsOfReorgs } from '../../status/metrics-of.ts';
import { createStatusOfStores } from '../../status/status-of-stores.ts';
import { startWeb } from '../../web/server/start-web.ts';
import { uiFolder } from '../parts/ui-folder.ts';
import type { Role, RoleContext } from './role.ts';

/** How often the topic is asked for new blocks. */
const lookEveryMs = 1_000;
/** How often metadata lets go of what has expired. */
const expireEveryMs = 60 * 60_000;

export const web: Role = {
  name: 'web',
  stores: () => ['metadata', 'topics', 'log', 'results'],
  // The pages come before the streaming.
  unmadeLog: 'empty',
  open: async (context) => {
    const { pipeline, names, clock, logger, metrics, health, host, signal } = context;
    const metadata = await context.store('metadata');
    const topics = await context.store('topics');
    const log = await context.store('log');
    const results = await context.store('results');
    const tempFolder = await mkdtemp(join(tmpdir(), 'millrace-web-'));
    context.onClose('the temporary folder', () => rm(tempFolder, { recursive: true, force: true }));
    const { logs } = pipeline.spec.chain.ethereum;
    const engine = await openDuckDbEngine({ tempFolder, clock, logs });
    context.onClose('DuckDB', () => engine.close());

    const blocks = createBlocksWatch({ topics, topic: names.blocks });
    metricsOfChain(metrics, () => ({ head: blocks.head()?.number, finalized: blocks.finalized()?.number }));
    metricsOfReorgs(metrics, () => blocks.ownReorgs());
    metricsOfLag(metrics, { topics, names, clock });
    metricsOfLog(metrics, log);
    const stores = { topics, log, results, metadata };
    const status = createStatusOfStores({
      pipeline,
      stores,
      names,
      blocks,
      stopping: () => signal.aborted,
      clock,
    });
    // From here on the pages answer at the address where the watchers were answered.
    await context.server.close();
    const pages = await startWeb({
      host,
      port: context.server.port,
      status,
      health,
      metrics,
      log,
      results,
      metadata,
      live: { topics, names },
      query: createQueryRunner({ stores: { log, results, engine }, signal }),
      logs,
      logger: logger.child({ role: 'web', level: 'warn' }),
      uiFolder,
    });
    context.onClose('the pages', () => pages.close());
    logger.info({ url: pages.url }, `pages at ${pages.url}`);
    return async (within) => {
      let expiredAt = Number.NEGATIVE_INFINITY;
      for (;;) {
        await look(blocks, context);
        if (clock.now() - expiredAt >= expireEveryMs) {
          await metadata.expire(clock.now());
          expiredAt = clock.now();
        }
        await clock.sleep(lookEveryMs, within);
      }
    };
  },
};

/** Before the streamer has made the topics there are no blocks: nothing is wrong with the pages then. */
async function look(blocks: BlocksWatch, { logger }: RoleContext): Promise<void> {
  try {
    await blocks.look();
  } catch (error) {
    if (!isMillraceError(error, 'TopicUnknown')) throw error;
    logger.debug('no topics yet');
  }
}
