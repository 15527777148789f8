// The stores of one data folder, opened and closed together: embedded ones, and whatever is
// opened in their place.

import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckDbEngine } from '../batch-engine/duckdb.ts';
import type { BatchEngine } from '../batch-engine/port.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { openEmbeddedMetadata } from '../stores/metadata/embedded.ts';
import type { Openers, Stores } from '../stores/opening/stores.ts';
import { openEmbeddedResults } from '../stores/results/embedded.ts';
import { openEmbeddedTopics } from '../stores/topics/embedded.ts';
import { openEmbeddedTransactionLog } from '../stores/transaction-log/embedded/open.ts';
import { onFile } from './file-error.ts';

export interface EmbeddedStores extends Stores {
  readonly engine: BatchEngine;
  close(): Promise<void>;
}

/** What a folder holds of Millrace's, and `--fresh` removes; anything else in it is somebody else's. */
const contents = ['topics', 'transaction-log', 'results', 'metadata', 'tmp', 'identity.json'];

export async function emptyFolder(folder: string): Promise<void> {
  for (const name of contents) await rm(join(folder, name), { recursive: true, force: true });
}

/**
 * The folder must be locked. What `external` opens is used instead of the folder's own.
 * @throws DataFolderDamaged, SegmentDamaged, DiskFull, and what the openers throw
 */
export async function openEmbeddedStores(options: {
  readonly folder: string;
  readonly external?: Openers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default true. Without them SQL that reads logs or transfers is refused. */
  readonly logs?: boolean;
}): Promise<EmbeddedStores> {
  const { folder, external = {}, clock, logger, logs = true } = options;
  const place = (name: string): string => {
    const path = join(folder, name);
    onFile(path, () => mkdirSync(path, { recursive: true }));
    return path;
  };
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const store of opened.toReversed()) await store.close();
  };
  const keep = <T extends { close(): Promise<void> }>(store: T): T => {
    opened.push(store);
    return store;
  };
  try {
    const topics = keep(
      await (external.topics?.() ??
        openEmbeddedTopics({ file: join(place('topics'), 'topics.sqlite'), clock })),
    );
    const log = keep(
      await (external.log?.() ??
        openEmbeddedTransactionLog({ folder: place('transaction-log'), clock, logger })),
    );
    const results = keep(
      await (external.results?.() ?? openEmbeddedResults({ file: join(place('results'), 'results.sqlite') })),
    );
    const metadata = keep(
      await (external.metadata?.() ??
        openEmbeddedMetadata({ file: join(place('metadata'), 'metadata.sqlite') })),
    );
    const engine = keep(await openDuckDbEngine({ tempFolder: place('tmp'), clock, logs }));
    return { topics, log, results, metadata, engine, close };
  } catch (error) {
    await close();
    throw error;
  }
}
