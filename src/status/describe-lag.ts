// A lag in words, the same in the terminal and on the page: the largest things first, `none` when caught up.

import { formatBytes, plural } from './figures.ts';
import type { StageLag } from './pipeline-status.ts';

export function describeLag(lag: StageLag): string {
  const parts = [
    lag.blocks ? plural(lag.blocks, 'block') : '',
    lag.records ? plural(lag.records, 'record') : '',
    lag.bytes ? formatBytes(lag.bytes) : '',
  ].filter((part) => part !== '');
  if (parts.length > 0) return parts.join(' · ');
  const known = lag.blocks !== undefined || lag.records !== undefined || lag.bytes !== undefined;
  return known ? 'none' : '–';
}
