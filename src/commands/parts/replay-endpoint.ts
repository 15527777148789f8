// `replay:FILES?…` as an endpoint of a manifest: recorded blocks served by a replay node inside this process, over
// real HTTP. The path is relative to the manifest's folder (`beside`); a folder stands for every NDJSON file in it.

import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseDuration } from '../../api/duration.ts';
import { type ReplayNode, type ReplayOptions, startReplay } from '../../chain/replay/replay-node.ts';
import { MillraceError } from '../../errors.ts';

export function isReplay(url: string): boolean {
  return url.startsWith('replay:');
}

/**
 * Starts the node. `resumeAt` is the head that the data folder knows: a chain that went on yesterday does not begin again.
 * @throws ReplayInvalid, UsageInvalid
 */
export async function startReplayEndpoint(
  url: string,
  options: { readonly beside: string; readonly resumeAt: number | undefined },
): Promise<ReplayNode> {
  const { path, replay } = parseReplayUrl(url);
  const files = await filesOf(resolve(options.beside, path));
  const start = replay.head?.start;
  const resumed = typeof start === 'number' && options.resumeAt !== undefined && options.resumeAt > start;
  return startReplay({
    ...replay,
    files,
    ...(resumed ? { head: { ...replay.head, start: options.resumeAt } } : {}),
  });
}

export interface ReplayUrl {
  readonly path: string;
  readonly replay: Omit<ReplayOptions, 'files' | 'chain'>;
}

/** @throws UsageInvalid */
export function parseReplayUrl(url: string): ReplayUrl {
  const [path = '', query = ''] = url.slice('replay:'.length).split('?', 2);
  const given = new URLSearchParams(query);
  const refuse = (problem: string): never => {
    throw new MillraceError('UsageInvalid', { problem: `${url}: ${problem}` });
  };
  const known = ['head', 'every', 'finality', 'reorg', 'relink', 'blocks', 'ending'];
  for (const name of given.keys()) {
    if (!known.includes(name)) refuse(`there is no option ${name}; known are ${known.join(', ')}`);
  }
  const whole = (name: string): number | undefined => {
    const text = given.get(name);
    if (text === null) return undefined;
    return /^\d+$/.test(text) ? Number(text) : refuse(`${name} must be a whole number`);
  };
  const every = given.get('every');
  if (every !== null && !/^\d+(ms|s|m)$/.test(every)) refuse('every must be a duration such as 500ms or 2s');
  const reorgs = given.getAll('reorg').map((text) => {
    const [at, depth] = text.split(':').map(Number);
    if (!/^\d+:\d+$/.test(text) || at === undefined || depth === undefined)
      return refuse('reorg must be AT:DEPTH');
    return { at, depth };
  });
  const ending = given.get('ending');
  if (ending !== null && ending !== 'now' && !/^\d+$/.test(ending))
    refuse('ending must be now or Unix seconds');
  const blocks = whole('blocks');
  const relink = given.has('relink') || blocks !== undefined || ending !== null;
  const start = whole('head');
  const finalityDistance = whole('finality');
  return {
    path: path === '' ? refuse('names no file') : path,
    replay: {
      head: {
        settle: true,
        ...(start === undefined ? {} : { start }),
        ...(every === null ? {} : { everyMs: milliseconds(every) }),
      },
      ...(finalityDistance === undefined ? {} : { finalityDistance }),
      ...(reorgs.length === 0 ? {} : { reorgs }),
      ...(relink
        ? {
            relink: {
              ...(blocks === undefined ? {} : { blocks }),
              ...(ending === null ? {} : { ending: ending === 'now' ? ('now' as const) : Number(ending) }),
            },
          }
        : {}),
    },
  };
}

function milliseconds(text: string): number {
  return text.endsWith('ms') ? Number(text.slice(0, -2)) : parseDuration(text);
}

async function filesOf(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /\.ndjson(\.gz)?$/.test(name)).sort();
    return names.map((name) => join(path, name));
  } catch (cause) {
    throw new MillraceError(
      'ReplayInvalid',
      { file: path, problem: (cause as NodeJS.ErrnoException).code ?? String(cause) },
      { cause },
    );
  }
}
