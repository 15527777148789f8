// `millrace replay`: files of real blocks served as if they were a node.

import { Command, InvalidArgumentError } from 'commander';
import type { Reorg } from '../chain/replay/reorg-script.ts';
import { startReplay } from '../chain/replay/replay-node.ts';
import { MillraceError } from '../errors.ts';

interface ReplayFlags {
  readonly relink?: true;
  readonly blocks?: number;
  readonly startNumber?: number;
  readonly ending?: 'now' | number;
  readonly head: number | 'last';
  readonly every?: number;
  readonly speed?: number;
  readonly settle?: true;
  readonly finality: number;
  readonly finalityTag: boolean;
  readonly reorg: readonly Reorg[];
  readonly host: string;
  readonly port: number;
}

const examples = `
Examples:
  $ millrace replay examples/mainnet/*.ndjson.gz
      23 real blocks, all at once, at http://127.0.0.1:8545 (and ws://)
  $ millrace replay examples/mainnet/*.ndjson.gz --head 17686115 --every 1s --reorg 17686120:3 --finality 4 --settle
      a live head: a block a second, a reorg of depth 3, everything final in the end
  $ millrace replay examples/mainnet/*.ndjson.gz --relink --blocks 2000 --ending now
      2000 young blocks: the real ones first, then the same contents signed again by made accounts

More: docs/replay.md
`;

export function replayCommand(): Command {
  return new Command('replay')
    .summary('serve files of blocks as an Ethereum node')
    .description(
      'Serve NDJSON files of blocks and receipts (gzip or plain) as an Ethereum node: JSON-RPC over HTTP and WebSocket on one port.',
    )
    .argument('<file...>', 'NDJSON files of blocks and of receipts, in any order')
    .option('--relink', 'make one consistent chain of scattered or repeated blocks')
    .option('--blocks <n>', 'with --relink: length of the chain (default: each block once)', count)
    .option('--start-number <n>', 'with --relink: number of the first block (default: its own)', count)
    .option('--ending <time>', 'with --relink: time of the last block: now, a date or unix seconds', time)
    .option('--head <n>', 'block at which the head stands at first, or last', headAt, 'last')
    .option(
      '--every <time>',
      'move the head on by one block so often: milliseconds, or 500ms, 1s, 2m',
      duration,
    )
    .option('--speed <factor>', "move the head on at the blocks' own times, so many times faster", factor)
    .option('--settle', 'after the last block, go on finalizing until it is final')
    .option('--finality <blocks>', 'distance from the head to the finalized block', count, 64)
    .option('--no-finality-tag', 'be a node without the tag `finalized`')
    .option(
      '--reorg <at:depth>',
      'show a losing branch of this depth up to this height (repeatable)',
      reorgs,
      [],
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 for any free one', count, 8545)
    .addHelpText('after', examples)
    .action(replay);
}

async function replay(files: readonly string[], flags: ReplayFlags): Promise<void> {
  const { relink, blocks, startNumber, ending, every, speed } = flags;
  if (!relink && (blocks ?? startNumber ?? ending) !== undefined)
    throw new MillraceError('UsageInvalid', {
      problem: '--blocks, --start-number and --ending need --relink',
    });
  const unseen = flags.reorg.find(({ at }) => flags.head === 'last' || at < flags.head);
  if (unseen)
    throw new MillraceError('UsageInvalid', {
      problem: `--reorg ${unseen.at}:${unseen.depth} would never be seen: give a --head that is not above it`,
    });
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const node = await startReplay({
      files,
      ...(relink ? { relink: defined({ blocks, startNumber, ending }) } : {}),
      head: { start: flags.head, settle: flags.settle ?? false, ...defined({ everyMs: every, speed }) },
      finalityDistance: flags.finality,
      finalityTag: flags.finalityTag,
      reorgs: flags.reorg,
      host: flags.host,
      port: flags.port,
      signal: stopping.signal,
    });
    process.stdout.write(`${node.url}  ${node.wsUrl}\n${node.describe()}\n`);
    await aborted(stopping.signal);
    await node.close();
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Without the fields that were not given. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('give a whole number.');
  return Number(text);
}

function factor(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('give a number above 0.');
  return value;
}

function headAt(text: string): number | 'last' {
  return text === 'last' ? text : count(text);
}

function time(text: string): 'now' | number {
  if (text === 'now') return text;
  const seconds = /^\d{1,11}$/.test(text) ? Number(text) : Math.floor(Date.parse(text) / 1000);
  if (!Number.isFinite(seconds)) throw new InvalidArgumentError('give now, a date or unix seconds.');
  return seconds;
}

const unitMs: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000 };

function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|)$/.exec(text);
  if (!match) throw new InvalidArgumentError('give milliseconds, or 500ms, 1s, 2m.');
  return Number(match[1]) * (unitMs[match[2] ?? ''] ?? 1);
}

function reorgs(text: string, before: readonly Reorg[]): readonly Reorg[] {
  const match = /^(\d{1,15}):(\d{1,5})$/.exec(text);
  if (!match) throw new InvalidArgumentError('give HEIGHT:DEPTH, for example 17686120:3.');
  return [...before, { at: Number(match[1]), depth: Number(match[2]) }];
}
