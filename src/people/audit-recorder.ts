// Writes what was done into the audit trail. What was done stays done when the trail cannot be written: then the entry
// goes to the log lines instead, whole.

import type { Clock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { AuditEntry, Metadata } from '../stores/metadata/port.ts';

/** How long an entry is kept, in milliseconds: a year and a month, so that a yearly review finds its year. */
const retentionMs = 396 * 86_400_000;
/** Entries carry texts that people send: no more of one than so many characters. */
const whatLimit = 400;

export type Deed = Pick<AuditEntry, 'who' | 'action' | 'what'>;

export interface AuditRecorder {
  record(deed: Deed, outcome: AuditEntry['outcome']): Promise<void>;
  /** Runs `work` and records how it ended. Rejects as it does. */
  around<T>(deed: Deed, work: () => Promise<T>): Promise<T>;
}

export function createAuditRecorder(deps: {
  readonly metadata: Metadata;
  readonly clock: Clock;
  readonly logger: Logger;
}): AuditRecorder {
  const { metadata, clock, logger } = deps;
  const record: AuditRecorder['record'] = async ({ who, action, what }, outcome) => {
    const at = clock.now();
    const entry = { at, who, action, what: what.slice(0, whatLimit), outcome, expiresAt: at + retentionMs };
    try {
      await metadata.appendAudit(entry);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      logger.error({ error, entry }, 'the audit trail was not written');
    }
  };
  return {
    record,
    around: async (deed, work) => {
      let outcome: AuditEntry['outcome'] = 'failed';
      try {
        const result = await work();
        outcome = 'done';
        return result;
      } catch (error) {
        if (isMillraceError(error, 'SqlDenied')) outcome = 'refused';
        throw error;
      } finally {
        await record(deed, outcome);
      }
    },
  };
}
