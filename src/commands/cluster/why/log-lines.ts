// The last words of a container: of Millrace's own lines those that say what is wrong, else the last ones as they are.

const most = 4;
const longest = 400;

interface LogLine {
  readonly level?: unknown;
  readonly msg?: unknown;
  readonly error?: unknown;
}

/** Oldest first. */
export function lastWords(log: string): readonly string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const parsed = lines.map(parse);
  const telling = parsed.flatMap((line, at) =>
    line === undefined ? [lines[at] ?? ''] : isTrouble(line) ? [text(line)] : [],
  );
  const chosen =
    telling.length > 0 ? telling : parsed.map((line, at) => (line ? text(line) : (lines[at] ?? '')));
  // The same trouble may be told at each try.
  return [...new Set(chosen.reverse())]
    .slice(0, most)
    .reverse()
    .map((line) => line.slice(0, longest));
}

function parse(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isTrouble = ({ level }: LogLine): boolean => level === 'warn' || level === 'error' || level === 'fatal';

function text({ msg, error }: LogLine): string {
  const said = typeof msg === 'string' ? msg : '';
  const problem =
    typeof error === 'string' ? error : (error as { message?: string } | null | undefined)?.message;
  return problem === undefined ? said : `${said}: ${problem}`;
}
