// The live panel as lines of text, from one status: pure, so that it can be tested and looked at. Fits the given
// size: lines are cut at the width, and when there are too many the least important ones go first.

import { describeLag } from '../../status/describe-lag.ts';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  formatTime,
  plural,
  shortHash,
} from '../../status/figures.ts';
import type {
  BlockStatus,
  PipelineStatus,
  ProcessorStatus,
  StageStatus,
} from '../../status/pipeline-status.ts';
import { type Line, type Piece, piece, renderLine, type Style } from './styled-line.ts';

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

export function renderPanel(status: PipelineStatus, look: PanelLook): string[] {
  const lines: Weighted[] = [
    [0, title(status)],
    ...problemLines(status),
    [6, blank],
    [0, headLine('head', status.head, status)],
    [1, finalizedLine(status)],
    [6, blank],
    [2, stageHeader],
    ...status.stages.map((stage): Weighted => [1, stageLine(stage)]),
    [6, blank],
    [0, coverageLine(status, look.width)],
    [4, intervalsLine(status)],
    [2, reorgLine(status)],
    [3, logLine(status)],
    [4, topicsLine(status)],
    ...processorLines(status.processors),
    [6, blank],
    [0, footer(look.url)],
  ];
  return fit(lines, look.height).map((line) => renderLine(line, look));
}

function fit(lines: readonly Weighted[], height: number): readonly Line[] {
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

function title(status: PipelineStatus): Line {
  return [
    piece(status.pipeline, 'bold'),
    piece(`  chain ${status.chainId}  `, 'dim'),
    piece(status.state, stateStyle[status.state]),
    piece(` for ${formatDuration((status.now - status.startedAt) / 1000)}`),
    piece(`  ${status.endpoints.join(', ')}`, 'dim'),
  ];
}

function problemLines(status: PipelineStatus): readonly Weighted[] {
  if (status.problem === undefined) return [];
  return [[0, [piece(status.problem, status.state === 'failed' ? 'red' : 'yellow')]]];
}

function headLine(name: string, block: BlockStatus | undefined, status: PipelineStatus): Line {
  if (!block) return [label(name), piece('not yet', 'dim')];
  return [
    label(name),
    piece(formatCount(block.number).padStart(12), 'bold'),
    piece(`  ${shortHash(block.hash)}  `, 'dim'),
    piece(formatAge(status.now / 1000 - block.timestamp)),
  ];
}

function finalizedLine(status: PipelineStatus): Line {
  const line = headLine('finalized', status.finalized, status);
  if (!status.head || !status.finalized) return line;
  const behind = status.head.number - status.finalized.number;
  return [...line, piece(`, ${plural(behind, 'block')} behind the head`, 'dim')];
}

const stageHeader: Line = [
  piece(
    `${'stage'.padEnd(11)}${'height'.padStart(12)}${'tx/s'.padStart(10)}${'buffered'.padStart(12)}  lag`,
    'dim',
  ),
];

function stageLine(stage: StageStatus): Line {
  const lag = describeLag(stage.lag);
  return [
    piece(stage.name.padEnd(11)),
    piece((stage.height === undefined ? '–' : formatCount(stage.height)).padStart(12), 'bold'),
    piece(formatRate(stage.transactionsPerSecond).padStart(10)),
    piece(formatBytes(stage.bufferedBytes).padStart(12)),
    piece(`  ${lag}`, lag === 'none' ? 'green' : undefined),
    ...(stage.detail === undefined ? [] : [piece(`  ${stage.detail}`, 'dim')]),
  ];
}

function coverageLine({ coverage }: PipelineStatus, width: number): Line {
  const { blocksCovered, blocksWanted, etaSeconds } = coverage;
  const complete = blocksWanted > 0 && blocksCovered >= blocksWanted;
  const eta = complete ? 'complete' : etaSeconds === undefined ? '' : `${formatDuration(etaSeconds)} left`;
  const figures = `${formatShare(blocksCovered, blocksWanted)}  ${formatCount(blocksCovered)} of ${plural(blocksWanted, 'block')}  ${eta}`;
  const cells = Math.max(8, Math.min(40, width - 13 - figures.length));
  const filled = complete
    ? cells
    : Math.floor((blocksWanted === 0 ? 0 : blocksCovered / blocksWanted) * cells);
  return [
    label('coverage'),
    piece('█'.repeat(filled), complete ? 'green' : 'cyan'),
    piece('░'.repeat(cells - filled), 'dim'),
    piece(`  ${figures.trimEnd()}`),
  ];
}

function intervalsLine({ coverage, start }: PipelineStatus): Line {
  const intervals = coverage.intervals
    .map(({ from, to }) => `${formatCount(from)}–${formatCount(to)}`)
    .join('  ');
  const wanted = start === undefined ? '' : `from ${formatCount(start)}`;
  return [label(''), piece(intervals === '' ? wanted : intervals, 'dim')];
}

function reorgLine({ reorgs, now }: PipelineStatus): Line {
  if (reorgs.count === 0) return [label('reorgs'), piece('none', 'dim')];
  const last = reorgs.last
    ? `, last of ${plural(reorgs.last.depth, 'block')} ${formatAge((now - reorgs.last.at) / 1000)}`
    : '';
  return [
    label('reorgs'),
    piece(formatCount(reorgs.count), 'bold'),
    piece(`, deepest ${formatCount(reorgs.deepest)}${last}`),
  ];
}

function logLine({ log }: PipelineStatus): Line {
  return [
    label('log'),
    piece(formatCount(log.transactions), 'bold'),
    piece(` transactions in ${plural(log.blocks, 'block')}, ${formatBytes(log.bytes)}`),
  ];
}

function topicsLine({ topics, memory }: PipelineStatus): Line {
  return [
    label('topics'),
    piece(formatCount(topics.records), 'bold'),
    piece(` records, ${formatBytes(topics.bytes)}`),
    piece(`  memory ${formatBytes(memory.rssBytes)}`, 'dim'),
  ];
}

function processorLines(processors: readonly ProcessorStatus[]): readonly Weighted[] {
  if (processors.length === 0) return [];
  const width = Math.max(...processors.map(({ name }) => name.length));
  return [[6, blank], ...processors.map((processor): Weighted => [3, processorLine(processor, width)])];
}

function processorLine(processor: ProcessorStatus, width: number): Line {
  const { newestWindow, openWindow, problem, state } = processor;
  const after: Piece[] = [];
  if (newestWindow !== undefined) after.push(piece(`, newest ${formatTime(newestWindow).slice(5, 16)}`));
  if (openWindow) after.push(piece(`, open to ${formatTime(openWindow.end).slice(11, 16)}`, 'dim'));
  if (problem !== undefined) after.push(piece(`  ${problem}`, 'red'));
  return [
    piece(processor.name.padEnd(width)),
    piece(`  ${state.padEnd(8)}`, stateStyle[state]),
    piece(formatCount(processor.windowsDone).padStart(7), 'bold'),
    piece(processor.windowsDone === 1 ? ' window' : ' windows'),
    ...after,
  ];
}

function footer(url: string | undefined): Line {
  const stop = piece('Ctrl-C stops cleanly, starting again resumes', 'dim');
  return url === undefined ? [stop] : [label('page'), piece(url, 'cyan'), piece('   '), stop];
}
