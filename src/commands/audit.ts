// `millrace audit`: what was done, by whom.

import type { Command } from 'commander';
import type { AuditEntry } from '../stores/metadata/port.ts';
import { countFlag } from './flags.ts';
import type { PlaceFlags } from './people/open-people.ts';
import { formatOption, peopleCommand, printRows, timeText, withPeople } from './people/with-people.ts';
import type { OutputFormat } from './query/format-result.ts';

/** Entries asked for at once. */
const pageSize = 200;

export function auditCommand(): Command {
  return peopleCommand('audit', 'show what was done, by whom, newest first')
    .option('--limit <entries>', 'at most so many', countFlag, 50)
    .addOption(formatOption())
    .addHelpText(
      'after',
      `
Examples:
  $ millrace audit -f pipeline.yaml
  $ millrace audit --limit 10000 --format csv > audit.csv

Kept: users and tokens made and taken away, wrong tokens, queries run and saved, subscriptions; for thirteen months.`,
    )
    .action(async ({ limit, format, ...flags }: PlaceFlags & { limit: number; format?: OutputFormat }) =>
      withPeople(flags, async (people) => {
        const entries: AuditEntry[] = [];
        for (let before: string | undefined, more = true; more && entries.length < limit; ) {
          const size = Math.min(pageSize, limit - entries.length);
          const page = await people.audit({ limit: size, ...(before === undefined ? {} : { before }) });
          entries.push(...page.entries);
          before = page.next;
          more = before !== undefined;
        }
        const rows = entries.map(({ at, who, action, what, outcome }) => [
          timeText(at),
          who,
          action,
          outcome,
          what,
        ]);
        printRows(['time', 'who', 'action', 'outcome', 'what'], rows, format);
      }),
    );
}
