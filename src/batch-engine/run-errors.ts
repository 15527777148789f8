// DuckDB's failures in the catalogue's words. It has no codes: the kind is the beginning of the message.

import { MillraceError } from '../errors.ts';
import type { QueryLimits } from './port.ts';

const amountHint =
  'amounts of transfers are text of a uint256: use uint256_sum, uint256_add, … or uint256_to_double(value) / 1e18';

export function explainDuckDb(error: unknown, where: string, limits?: QueryLimits): unknown {
  if (error instanceof MillraceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const problem = firstParagraph(message);
  if (/^(Parser|Binder|Catalog) Error/.test(message)) {
    const onText =
      /argument types '[^']*VARCHAR|values of type VARCHAR and type|\(VARCHAR, |, VARCHAR\)/.test(message);
    const hint =
      onText && /sum\(|avg\(|[-+*/%]\(|(multiply|divide|mod)\(|compare values/i.test(message)
        ? ` (${amountHint})`
        : '';
    return new MillraceError(
      'SqlInvalid',
      { where, problem: `${problem}${position(message)}${hint}` },
      { cause: error },
    );
  }
  if (/^Out of Memory Error|max_temp_directory_size/.test(message)) {
    const limit = limits === undefined ? '' : ` (limits.memoryBytes is ${limits.memoryBytes})`;
    return new MillraceError('SqlLimit', { where, problem: `memory${limit}: ${problem}` }, { cause: error });
  }
  return new MillraceError('SqlFailed', { where, problem }, { cause: error });
}

function firstParagraph(message: string): string {
  const [first = message] = message.split(/\n\s*\n|\n\s*Candidate functions/);
  return first.replaceAll(/\s*\n\s*/g, ' ').slice(0, 500);
}

function position(message: string): string {
  const line = /\nLINE (\d+):/.exec(message)?.[1];
  return line === undefined ? '' : ` (line ${line})`;
}
