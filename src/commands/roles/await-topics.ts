// The streamer makes a pipeline's topics; whoever else needs them waits, and says so once.

import type { Clock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { Topics } from '../../stores/topics/port.ts';

const lookEveryMs = 1_000;

export async function awaitTopics(
  topics: Topics,
  names: readonly string[],
  deps: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly signal: AbortSignal;
    readonly waiting: (problem: string | undefined) => void;
  },
): Promise<void> {
  const { clock, logger, signal, waiting } = deps;
  let said = false;
  for (;;) {
    const missing = await missingOf(topics, names);
    if (missing.length === 0) break;
    const text = `waiting for topics that \`millrace stream\` makes: ${missing.join(', ')}`;
    if (!said) logger.info({ missing }, text);
    said = true;
    waiting(text);
    await clock.sleep(lookEveryMs, signal);
  }
  if (said) logger.info('the topics are there');
  waiting(undefined);
}

async function missingOf(topics: Topics, names: readonly string[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const name of names) {
    try {
      await topics.ends(name);
    } catch (error) {
      if (!isMillraceError(error, 'TopicUnknown')) throw error;
      missing.push(name);
    }
  }
  return missing;
}
