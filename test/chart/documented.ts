// What the documentation says of metrics and alerts, for tests that compare.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './helm.ts';

/** Of Node and its process, which docs/metrics.md names as a whole: prom-client's. */
const ofProcess = /^(process|nodejs)_\w+$/;

export function page(name: string): string {
  return readFileSync(join(root, 'docs', name), 'utf8');
}

/** Names in the first column of the tables of docs/metrics.md and docs/monitoring.md. */
export function documentedMetrics(): ReadonlySet<string> {
  const rows = ['metrics.md', 'monitoring.md'].flatMap((name) => page(name).split('\n'));
  return new Set(rows.flatMap((row) => /^\| `([a-z][a-z0-9_]+)` \|/.exec(row)?.[1] ?? []));
}

/** Metrics that a PromQL expression reads and that no table has. */
export function unknownMetrics(expression: string, known: ReadonlySet<string>): readonly string[] {
  // Labels, durations and texts are no metrics; nor is what is called, or a word of the language.
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '')
    .replaceAll(/\boffset\s+\w+/g, '');
  const words = bare.match(/[a-zA-Z_:][\w:]*(?!\w*\s*\()\b/g) ?? [];
  const language = new Set(['and', 'or', 'unless', 'bool', 'sum', 'max', 'min', 'avg', 'count']);
  return words.filter((word) => {
    const name = word.replace(/_(bucket|sum|count)$/, '');
    return !language.has(word) && !known.has(word) && !known.has(name) && !ofProcess.test(word);
  });
}
