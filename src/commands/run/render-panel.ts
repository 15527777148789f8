// The live panel as lines of text, from one status: pure, so that it can be tested and looked at. Fits the given
// size: where there is no room the least important parts of a line go, and the least important lines.

import { describeStageLag, windowEnd, windowTime } from '../../status/describe-lag.ts';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  plural,
  shortHash,
} from '../../status/figures.ts';
import type {
  BlockStatus,
  PipelineStatus,
  ProcessorStatus,
  StageStatus,
} from '../../status/pipeline-status.ts';
import { fitLine, type Part, wrapText } from './fit-line.ts';
import { type Line, piece, renderLine, type Style } from './styled-line.ts';

export interface PanelSize {
  readonly width: number;
  readonly height: number;
}

export interface PanelLook extends PanelSize {
  readonly colours: boolean;
  /** Address of the page; absent while it is not served. */
  readonly url?: string | undefined;
}

/** Larger goes first when there is no room. 0 always stays. */
type Weighted = readonly [weight: number, line: Line];

const label = (text: string) => piece(text.padEnd(11), 'dim');
const blank: Line = [];
const problemRows = 3;
const barCells = { least: 8, most: 40 } as const;

export function renderPanel(status: PipelineStatus, look: PanelLook): string[] {
  const { width } = look;
  const lines: Weighted[] = [
    [0, title(status, width)],
    ...problemLines(status, width),
    [6, blank],
    [0, headLine('head', status.head, { status, width })],
    [1, finalizedLine(status, width)],
    [6, blank],
    [2, stageHeader(width)],
    ...status.stages.map((stage): Weighted => [1, stageLine(stage, status, width)]),
    [6, blank],
    [0, coverageLine(status, width)],
    [4, intervalsLine(status, width)],
    [2, reorgLine(status, width)],
    [3, logLine(status, width)],
    [4, topicsLine(status, width)],
    ...processorLines(status.processors, width),
    [6, blank],
    [0, footer(status, look)],
  ];
  return fitHeight(lines, look.height).map((line) => renderLine(line, look));
}

function fitHeight(lines: readonly Weighted[], height: number): readonly Line[] {
  const kept = [...lines];
  while (kept.length > Math.max(1, height)) {
    const heaviest = Math.max(...kept.map(([weight]) => weight));
    kept.splice(
      kept.findLastIndex(([weight]) => weight === heaviest),
      1,
    );
  }
  return kept.map(([, line]) => line);
}

const stateStyle: Readonly<Record<string, Style>> = {
  running: 'green',
  waiting: 'dim',
  starting: 'yellow',
  stopping: 'yellow',
  failed: 'red',
};

function title(status: PipelineStatus, width: number): Line {
  const { state } = status;
  // Every role has ended by then: it is the last that the panel says.
  const stopped = state === 'stopping';
  const held = state === 'running' && status.problem !== undefined;
  const uptime = formatDuration((status.now - status.startedAt) / 1000);
  return fitLine(
    [
      [0, piece(status.pipeline, 'bold')],
      [2, piece(`  chain ${status.chainId}`, 'dim')],
      [0, piece('  ')],
      [0, piece(stopped ? 'stopped' : state, held ? 'yellow' : stateStyle[state])],
      [1, piece(` ${stopped ? 'after' : 'for'} ${uptime}`)],
      [3, piece(`  ${status.endpoints.join(', ')}`, 'dim')],
    ],
    width,
  );
}

/** Whole, over a few lines: it is what a person has to read. */
function problemLines({ problem, state }: PipelineStatus, width: number): readonly Weighted[] {
  if (problem === undefined) return [];
  const style = state === 'failed' ? 'red' : 'yellow';
  return wrapText(`! ${problem}`, { width: width - 2, most: problemRows }).map(
    (text, at): Weighted => [at === 0 ? 0 : 1, [piece(at === 0 ? text : `  ${text}`, style)]],
  );
}

interface Context {
  readonly status: PipelineStatus;
  readonly width: number;
}

function headLine(name: string, block: BlockStatus | undefined, { status, width }: Context): Line {
  return fitLine(headParts(name, block, status), width);
}

function headParts(name: string, block: BlockStatus | undefined, status: PipelineStatus): readonly Part[] {
  if (!block) {
    return [
      [0, label(name)],
      [0, piece('not yet', 'dim')],
    ];
  }
  return [
    [0, label(name)],
    [0, piece(formatCount(block.number).padStart(12), 'bold')],
    [3, piece(`  ${shortHash(block.hash)}`, 'dim')],
    [1, piece(`  ${formatAge(status.now / 1000 - block.timestamp)}`)],
  ];
}

function finalizedLine(status: PipelineStatus, width: number): Line {
  const parts = headParts('finalized', status.finalized, status);
  if (!status.head || !status.finalized) return fitLine(parts, width);
  const behind = status.head.number - status.finalized.number;
  return fitLine([...parts, [2, piece(`, ${plural(behind, 'block')} behind the head`, 'dim')]], width);
}

/** Below this there is no column for the buffers. */
const widthWithBuffers = 76;

function stageHeader(width: number): Line {
  const buffered = width < widthWithBuffers ? '' : 'buffered'.padStart(12);
  return [
    piece(`${'stage'.padEnd(11)}${'height'.padStart(12)}${'tx/s'.padStart(10)}${buffered}  lag`, 'dim'),
  ];
}

function known(figure: number | undefined, format: (value: number) => string): string {
  return figure === undefined ? '–' : format(figure);
}

function stageLine(stage: StageStatus, status: PipelineStatus, width: number): Line {
  const lag = describeStageLag(stage, status);
  const [first = '', ...rest] = lag.split(' · ');
  const buffered: readonly Part[] =
    width < widthWithBuffers ? [] : [[0, piece(known(stage.bufferedBytes, formatBytes).padStart(12))]];
  return fitLine(
    [
      [0, piece(stage.name.padEnd(11))],
      [0, piece(known(stage.height, formatCount).padStart(12), 'bold')],
      [0, piece(known(stage.transactionsPerSecond, formatRate).padStart(10))],
      ...buffered,
      [1, piece(`  ${first}`, lag === 'none' ? 'green' : undefined)],
      ...rest.map((part): Part => [2, piece(` · ${part}`)]),
      [3, piece(stage.detail === undefined ? '' : `  ${stage.detail}`, 'dim')],
    ],
    width,
  );
}

function coverageLine({ coverage }: PipelineStatus, width: number): Line {
  const { blocksCovered, blocksWanted, etaSeconds } = coverage;
  const complete = blocksWanted > 0 && blocksCovered >= blocksWanted;
  const eta = complete ? 'complete' : etaSeconds === undefined ? '' : `${formatDuration(etaSeconds)} left`;
  const figures = fitLine(
    [
      [0, piece(`  ${formatShare(blocksCovered, blocksWanted)}`)],
      [2, piece(`  ${formatCount(blocksCovered)} of ${plural(blocksWanted, 'block')}`)],
      [1, piece(eta === '' ? '' : `  ${eta}`)],
    ],
    width - 11 - barCells.least,
  );
  const room = width - 11 - figures.reduce((sum, { text }) => sum + text.length, 0);
  const cells = Math.max(barCells.least, Math.min(barCells.most, room));
  const filled = complete
    ? cells
    : Math.floor((blocksWanted === 0 ? 0 : blocksCovered / blocksWanted) * cells);
  return [
    label('coverage'),
    piece('█'.repeat(filled), complete ? 'green' : 'cyan'),
    piece('░'.repeat(cells - filled), 'dim'),
    ...figures,
  ];
}

function intervalsLine({ coverage, start }: PipelineStatus, width: number): Line {
  const intervals = coverage.intervals.map(({ from, to }) => `${formatCount(from)}–${formatCount(to)}`);
  if (intervals.length === 0)
    return [label(''), piece(start === undefined ? '' : `from ${formatCount(start)}`, 'dim')];
  const textOf = (shown: number) => {
    const more = intervals.length - shown;
    return [...intervals.slice(0, shown), ...(more > 0 ? [`and ${more} more`] : [])].join('  ');
  };
  let shown = intervals.length;
  while (shown > 1 && textOf(shown).length > width - 11) shown -= 1;
  return [label(''), piece(textOf(shown), 'dim')];
}

function reorgLine({ reorgs, now }: PipelineStatus, width: number): Line {
  if (reorgs.count === 0) return [label('reorgs'), piece('none since the start', 'dim')];
  const { last } = reorgs;
  const ago = last && `, last of ${plural(last.depth, 'block')} ${formatAge((now - last.at) / 1000)}`;
  return fitLine(
    [
      [0, label('reorgs')],
      [0, piece(formatCount(reorgs.count), 'bold')],
      [1, piece(`, deepest ${formatCount(reorgs.deepest)}`)],
      [2, piece(ago ?? '')],
    ],
    width,
  );
}

function logLine({ log }: PipelineStatus, width: number): Line {
  return fitLine(
    [
      [0, label('log')],
      [0, piece(formatCount(log.transactions), 'bold')],
      [0, piece(` transaction${log.transactions === 1 ? '' : 's'}`)],
      [1, piece(` in ${plural(log.blocks, 'block')}`)],
      [2, piece(`, ${formatBytes(log.bytes)}`)],
    ],
    width,
  );
}

function topicsLine({ topics, memory }: PipelineStatus, width: number): Line {
  return fitLine(
    [
      [0, label('topics')],
      [0, piece(formatCount(topics.records), 'bold')],
      [0, piece(` record${topics.records === 1 ? '' : 's'}`)],
      [1, piece(topics.bytes === undefined ? '' : `, ${formatBytes(topics.bytes)}`)],
      [2, piece(`  memory ${formatBytes(memory.rssBytes)}`, 'dim')],
    ],
    width,
  );
}

function processorLines(processors: readonly ProcessorStatus[], width: number): readonly Weighted[] {
  if (processors.length === 0) return [];
  const names = Math.max(...processors.map(({ name }) => name.length));
  return [
    [6, blank],
    ...processors.map((processor): Weighted => [3, processorLine(processor, { names, width })]),
  ];
}

function processorLine(
  processor: ProcessorStatus,
  { names, width }: { readonly names: number; readonly width: number },
): Line {
  const { newestWindow, openWindow, problem, state } = processor;
  return fitLine(
    [
      [0, piece(processor.name.padEnd(names))],
      [1, piece(`  ${(state ?? '').padEnd(8)}`, state && stateStyle[state])],
      [0, piece(formatCount(processor.windowsDone).padStart(7), 'bold')],
      [0, piece(processor.windowsDone === 1 ? ' window' : ' windows')],
      [3, piece(newestWindow === undefined ? '' : `, newest ${windowTime(newestWindow)}`)],
      [2, piece(openWindow ? `, open to ${windowEnd(openWindow.end)}` : '', 'dim')],
      [0, piece(problem === undefined ? '' : `  ${problem}`, 'red')],
    ],
    width,
  );
}

function footer({ state }: PipelineStatus, { url, width }: PanelLook): Line {
  // Neither page nor Ctrl-C is of use any more.
  if (state === 'stopping') return [piece('starting again resumes', 'dim')];
  const stop = 'Ctrl-C stops cleanly, starting again resumes';
  if (url === undefined) return [piece(stop, 'dim')];
  return fitLine(
    [
      [0, label('page')],
      [0, piece(url, 'cyan')],
      [1, piece(`   ${stop}`, 'dim')],
    ],
    width,
  );
}
