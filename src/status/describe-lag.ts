// A lag in words, the same in the terminal and on the page: the largest things first, `none` when caught up. The
// processor's is a window that is still open.

import { formatBytes, formatTime, plural } from './figures.ts';
import type { PipelineStatus, StageLag, StageStatus } from './pipeline-status.ts';

export function describeStageLag(stage: StageStatus, status: Pick<PipelineStatus, 'processors'>): string {
  if (stage.name !== 'processor') return describeLag(stage.lag);
  const ends = status.processors.flatMap(({ openWindow }) => (openWindow ? [openWindow.end] : []));
  return ends.length === 0 ? '–' : `window open to ${windowEnd(Math.min(...ends))}`;
}

/** `14:35`; the day where windows end at midnight. */
export function windowEnd(seconds: number): string {
  const time = windowTime(seconds);
  return seconds % 86_400 === 0 ? time : time.slice(6);
}

/** `07-13 14:35`, with the seconds where windows end between minutes. */
export function windowTime(seconds: number): string {
  return formatTime(seconds).slice(5, seconds % 60 === 0 ? 16 : 19);
}

function describeLag(lag: StageLag): string {
  const parts = [
    lag.blocks ? plural(lag.blocks, 'block') : '',
    lag.records ? plural(lag.records, 'record') : '',
    lag.bytes ? formatBytes(lag.bytes) : '',
  ].filter((part) => part !== '');
  if (parts.length > 0) return parts.join(' · ');
  const known = lag.blocks !== undefined || lag.records !== undefined || lag.bytes !== undefined;
  return known ? 'none' : '–';
}
