// DuckDB's failures in the catalogue's words. It has no codes: the kind is the beginning of the message.

import { MillraceError } from '../errors.ts';
import type { QueryLimits } from './port.ts';
import { SPILL_SHOWN } from './session.ts';

export function explainDuckDb(error: unknown, where: string, limits?: QueryLimits): unknown {
  if (error instanceof MillraceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const problem = firstParagraph(message);
  if (/^(Parser|Binder|Catalog) Error/.test(message)) {
    const hint = /BIGNUM/.test(message)
      ? ' (a BIGNUM is a uint256 amount: see uint256(…) in docs/sql.md)'
      : '';
    return new MillraceError(
      'SqlInvalid',
      { where, problem: `${problem}${position(message)}${hint}` },
      { cause: error },
    );
  }
  // DuckDB lowers its bound on spilling to what the disk has left.
  const spilled = /([\d.]+ \w+) used\)[\s\S]*max_temp_directory_size/.exec(message)?.[1];
  if (/No space left on device/i.test(message) || (spilled !== undefined && spilled !== SPILL_SHOWN)) {
    return new MillraceError('DiskFull', { file: `what ${where} puts aside` }, { cause: error });
  }
  if (/^Out of Memory Error|max_temp_directory_size/.test(message)) {
    const limit = limits === undefined ? '' : ` (limits.memoryBytes is ${limits.memoryBytes})`;
    return new MillraceError('SqlLimit', { where, problem: `memory${limit}: ${problem}` }, { cause: error });
  }
  if (/Too many open files/i.test(message)) {
    return new MillraceError('FilesExhausted', { where }, { cause: error });
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
