// Where the live part begins: after the last published step, or, at the first start, after the block that is final now.

import type { Header } from '../chain/block.ts';
import type { FollowOptions, ResumePoint } from '../chain/follow.ts';
import type { ChainReader } from '../chain/reader.ts';
import type { Clock } from '../clock.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createPatience, type Trouble } from '../patience.ts';
import type { PipelineTopics } from '../stores/topics/pipeline-topics.ts';
import type { Topics } from '../stores/topics/port.ts';
import type { TransactionLog } from '../stores/transaction-log/port.ts';
import { readPosition } from './resume.ts';

export interface LivePositionDeps {
  readonly reader: ChainReader;
  readonly topics: Topics;
  readonly names: PipelineTopics;
  readonly log: Pick<TransactionLog, 'newestFinal'>;
  readonly finality: FollowOptions['finality'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onTrouble?: (trouble: Trouble | undefined) => void;
}

export async function livePosition(deps: LivePositionDeps): Promise<ResumePoint> {
  const { topics, names, log, logger, signal } = deps;
  // A step that is hidden now would be published again.
  await topics.decided(names.blocks, signal);
  const position = await readPosition(topics, names.blocks);
  if (position) {
    const { cursor, unfinalized, whole } = position;
    if (whole) return { cursor, unfinalized };
    logger.warn(
      { finalized: cursor.finalized.number, head: cursor.head.number },
      'the topic no longer reaches back to the finalized block: reading the chain again from there',
    );
    return { cursor: { ...cursor, head: cursor.finalized }, unfinalized: [] };
  }
  const known = (await publishedBefore(deps)) ? await log.newestFinal() : undefined;
  if (!known) return { finalized: await firstFinalized(deps) };
  logger.warn(
    { finalized: known.number },
    'every record of the topic has expired: reading the chain again from the newest final block of the log',
  );
  const { number, hash, parent_hash: parentHash, timestamp } = known;
  return { finalized: { number, hash, parentHash, timestamp } };
}

async function publishedBefore({ topics, names }: LivePositionDeps): Promise<boolean> {
  return (await topics.ends(names.blocks)).some(({ next }) => next > 0);
}

/** Waits for a node that is away. */
async function firstFinalized(deps: LivePositionDeps): Promise<Header> {
  const { reader, finality, clock, logger, signal } = deps;
  const patience = createPatience({ clock, logger, ...(deps.onTrouble ? { onChange: deps.onTrouble } : {}) });
  for (;;) {
    try {
      const earliest = await reader.header('earliest', signal);
      const head = await reader.header('latest', signal);
      const at =
        'tag' in finality
          ? 'finalized'
          : Math.max(earliest?.number ?? 0, (head?.number ?? 0) - finality.depth);
      const finalized = (await headerIfOffered(reader, at, signal)) ?? earliest;
      if (finalized) {
        patience.succeeded();
        return finalized;
      }
      throw new MillraceError('BlockMissing', { endpoint: 'the node', block: 'earliest' });
    } catch (error) {
      if (!isMillraceError(error) || !error.retry) throw error;
      await patience.failed(error, signal);
    }
  }
}

/** Undefined also from a node that does not know the tag: then nothing is final but where the chain begins. */
async function headerIfOffered(
  reader: ChainReader,
  at: 'finalized' | number,
  signal: AbortSignal,
): Promise<Header | undefined> {
  try {
    return await reader.header(at, signal);
  } catch (error) {
    if (isMillraceError(error, 'RpcRefused') || isMillraceError(error, 'RpcUnsupported')) return undefined;
    throw error;
  }
}
