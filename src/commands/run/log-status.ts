// Where there is no terminal: the figures as one structured line every few seconds, when something moved.

import type { Clock } from '../../clock.ts';
import { describeError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import { isAbort } from '../../together.ts';
import { statusLine } from './status-line.ts';

const everyMs = 5_000;

export async function logStatus(
  run: { status(): Promise<PipelineStatus> },
  { logger, clock, signal }: { readonly logger: Logger; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  let last = '';
  try {
    for (;;) {
      await clock.sleep(everyMs, signal);
      const line = statusLine(await run.status());
      const text = JSON.stringify(line);
      if (text !== last) logger.info(line, 'status');
      last = text;
    }
  } catch (error) {
    if (!isAbort(error, signal)) logger.warn(describeError(error));
  }
}
