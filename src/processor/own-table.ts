// The table of a processor: the version that fits its SQL, window and output.

import { createHash } from 'node:crypto';
import type { ResultTable } from '../stores/results/port.ts';
import type { ProcessorSpec, WindowDeps } from './compute-window.ts';

/** @throws SqlInvalid, SqlDenied, ColumnsDiffer, and what the store throws */
export async function ensureOwnTable({
  spec,
  engine,
  results,
}: Pick<WindowDeps, 'spec' | 'engine' | 'results'>): Promise<ResultTable> {
  const { name, owner, sql, window, output } = spec;
  const columns = await engine.describe({ sql, where: `processor ${name}`, engine: spec.engine });
  return results.ensureTable({
    ...{ owner, processor: name, window, columns, fingerprint: fingerprint(spec) },
    ...(output === 'table' ? {} : { file: output }),
  });
}

/** Another SQL or window is another version of the table. */
export function fingerprint({ sql, window }: Pick<ProcessorSpec, 'sql' | 'window'>): string {
  return createHash('sha256')
    .update(JSON.stringify({ sql: sql.trim(), window }))
    .digest('hex')
    .slice(0, 16);
}
