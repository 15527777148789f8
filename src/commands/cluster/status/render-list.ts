// Pipelines as lines of a table: is each fine, and how far behind. Where a terminal is narrow the columns that matter
// least go; what is wrong stands whole below its line.

import { formatCount, formatDuration } from '../../../status/figures.ts';
import { wrapText } from '../../run/fit-line.ts';
import { type Line, piece, renderLine, type Style } from '../../run/styled-line.ts';
import type { PipelineFacts, RoleFacts } from './pipeline-facts.ts';

export interface Look {
  readonly width: number;
  readonly colours: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface ListLook extends Look {
  readonly namespaces: boolean;
  readonly wide: boolean;
}

interface Column {
  readonly title: string;
  /** Larger goes first when there is no room; 0 stays. */
  readonly weight: number;
  readonly right?: boolean;
  readonly text: (facts: PipelineFacts) => string;
  readonly style?: (facts: PipelineFacts) => Style | undefined;
}

const unknown = '–';
const gap = 2;
const problemRows = 4;

export function renderList(pipelines: readonly PipelineFacts[], look: ListLook): string[] {
  const columns = fitColumns(columnsOf(look), pipelines, look.width);
  const widths = columns.map((column) => widthOf(column, pipelines));
  const line = (cells: readonly { text: string; style?: Style | undefined }[]): string =>
    renderLine(
      cells.flatMap(({ text, style }, at): Line => {
        const room = widths[at] ?? 0;
        const aligned = columns[at]?.right
          ? text.padStart(room)
          : text.padEnd(at === cells.length - 1 ? 0 : room);
        return [piece(' '.repeat(at === 0 ? 0 : gap)), piece(aligned, style)];
      }),
      look,
    );
  return [
    line(columns.map(({ title }) => ({ text: title, style: 'dim' }))),
    ...pipelines.flatMap((facts) => [
      line(columns.map(({ text, style }) => ({ text: text(facts), style: style?.(facts) }))),
      ...problemLines(facts, look),
    ]),
  ];
}

function columnsOf({ namespaces, wide, now }: ListLook): readonly Column[] {
  const role = (title: string, name: RoleFacts['name'], weight = 5): Column => ({
    title,
    weight,
    right: true,
    text: ({ roles }) => podsText(roles.find((each) => each.name === name)),
  });
  return [
    ...(namespaces
      ? [{ title: 'NAMESPACE', weight: 0, text: ({ namespace }: PipelineFacts) => namespace }]
      : []),
    { title: 'NAME', weight: 0, text: ({ name }) => name },
    { title: 'READY', weight: 0, text: stateText, style: stateStyle },
    { title: 'HEAD', weight: 1, right: true, text: ({ head }) => count(head) },
    {
      title: 'BEHIND',
      weight: 0,
      text: lagText,
      style: (facts) => (lagText(facts) === 'none' ? 'green' : undefined),
    },
    ...(wide
      ? [
          {
            title: 'FINALIZED',
            weight: 3,
            right: true,
            text: ({ finalized }: PipelineFacts) => count(finalized),
          },
          {
            title: 'COVERAGE',
            weight: 2,
            right: true,
            text: ({ coverage }: PipelineFacts) => coverage.percent ?? unknown,
          },
          role('NODES', 'nodes', 6),
          role('STREAMER', 'streamer'),
          role('RECORDERS', 'recorder'),
          role('PROCESSORS', 'processing'),
          role('WEB', 'web'),
          { title: 'VERSION', weight: 4, text: ({ version }: PipelineFacts) => version ?? unknown },
        ]
      : [
          {
            title: 'PODS',
            weight: 2,
            right: true,
            text: ({ roles }: PipelineFacts) => podsText(total(roles)),
          },
        ]),
    { title: 'AGE', weight: 3, text: ({ createdAt }) => ageText(createdAt, now) },
  ];
}

function fitColumns(
  all: readonly Column[],
  pipelines: readonly PipelineFacts[],
  width: number,
): readonly Column[] {
  const kept = [...all];
  const taken = () => kept.reduce((sum, column) => sum + widthOf(column, pipelines) + gap, -gap);
  while (taken() > width) {
    const heaviest = Math.max(...kept.map(({ weight }) => weight));
    if (heaviest === 0) break;
    kept.splice(
      kept.findLastIndex(({ weight }) => weight === heaviest),
      1,
    );
  }
  return kept;
}

function widthOf({ title, text }: Column, pipelines: readonly PipelineFacts[]): number {
  return Math.max(title.length, ...pipelines.map((facts) => text(facts).length));
}

function problemLines(
  { state, name, message }: PipelineFacts,
  { width, colours }: ListLook,
): readonly string[] {
  if (state === 'ready') return [];
  const text = state === 'unseen' ? 'the operator has not looked at this spec yet' : (message ?? '');
  const lines = wrapText(text, { width: width - 4, most: problemRows });
  const told =
    text === '' ? [] : lines.map((each) => renderLine([piece(`    ${each}`, 'yellow')], { width, colours }));
  return [...told, renderLine([piece(`    millrace why ${name}`, 'dim')], { width, colours })];
}

export function stateText({ state, reason, paused, stopped }: PipelineFacts): string {
  const also = [...(paused ? ['paused'] : []), ...(stopped ? ['stopped'] : [])];
  const said = { ready: 'yes', 'not ready': `no: ${reason}`, unseen: 'not yet seen', deleting: 'deleting' }[
    state
  ];
  // Why it is not ready, when a person has stopped it, is that.
  return also.length > 0 && state === 'not ready' ? also.join(', ') : [said, ...also].join(', ');
}

export function stateStyle({ state, paused, stopped }: PipelineFacts): Style {
  if (paused || stopped) return 'yellow';
  return ({ ready: 'green', 'not ready': 'red', unseen: 'yellow', deleting: 'yellow' } as const)[state];
}

export const lagText = ({ lag }: PipelineFacts): string => lag.summary ?? unknown;

export const count = (value: number | undefined): string =>
  value === undefined ? unknown : formatCount(value);

export const podsText = (role: Pick<RoleFacts, 'ready' | 'replicas'> | undefined): string =>
  role ? `${role.ready}/${role.replicas}` : unknown;

const total = (roles: readonly RoleFacts[]): Pick<RoleFacts, 'ready' | 'replicas'> | undefined =>
  roles.length === 0
    ? undefined
    : {
        ready: roles.reduce((sum, { ready }) => sum + ready, 0),
        replicas: roles.reduce((sum, { replicas }) => sum + replicas, 0),
      };

/** The largest unit is enough. */
export function ageText(at: number | undefined, now: number): string {
  if (at === undefined) return unknown;
  return formatDuration((now - at) / 1_000)
    .split(' ', 2)
    .join(' ');
}
