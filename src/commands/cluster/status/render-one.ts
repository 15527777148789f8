// One Pipeline, stage by stage.

import { formatCount, plural } from '../../../status/figures.ts';
import { fitLine, wrapText } from '../../run/fit-line.ts';
import { type Line, piece, renderLine } from '../../run/styled-line.ts';
import type { PipelineFacts, RoleFacts } from './pipeline-facts.ts';
import { ageText, count, type Look, podsText, stateStyle, stateText } from './render-list.ts';

const label = (text: string) => piece(text.padEnd(11), 'dim');
const problemRows = 8;

export function renderOne(facts: PipelineFacts, look: Look): string[] {
  const lines: Line[] = [
    titleLine(facts, look),
    ...problemLines(facts, look),
    [],
    [label('head'), piece(count(facts.head), 'bold')],
    finalizedLine(facts),
    coverageLine(facts),
    [],
    [piece(`${'stage'.padEnd(11)}${'pods'.padStart(6)}  behind`, 'dim')],
    ...facts.roles.map((role) => roleLine(role, facts)),
  ];
  const more = facts.state === 'ready' ? [] : [[], [piece(`millrace why ${facts.name} says more`, 'dim')]];
  return [...lines, ...more].map((line) =>
    renderLine(
      fitLine(
        line.map((each) => [0, each]),
        look.width,
      ),
      look,
    ),
  );
}

function titleLine(facts: PipelineFacts, { width, now }: Look): Line {
  const { name, namespace, version, since } = facts;
  return fitLine(
    [
      [0, piece(name, 'bold')],
      [2, piece(`  in ${namespace}`, 'dim')],
      [
        0,
        piece(
          `  ${stateText(facts).replace(/^yes/, 'ready').replace(/^no:/, 'not ready:')}`,
          stateStyle(facts),
        ),
      ],
      [1, piece(since === undefined ? '' : `  for ${ageText(since, now)}`)],
      [3, piece(version === undefined ? '' : `  version ${version}`, 'dim')],
    ],
    width,
  );
}

function problemLines({ state, message }: PipelineFacts, { width }: Look): readonly Line[] {
  if (state === 'ready' || !message) return [];
  return wrapText(message, { width, most: problemRows }).map((text) => [piece(text, 'yellow')]);
}

function finalizedLine({ head, finalized }: PipelineFacts): Line {
  const behind = head === undefined || finalized === undefined ? undefined : head - finalized;
  const told = behind === undefined || behind < 0 ? '' : `, ${plural(behind, 'block')} behind the head`;
  return [label('finalized'), piece(count(finalized), 'bold'), piece(told, 'dim')];
}

function coverageLine({ coverage: { percent, blocksCovered, blocksWanted } }: PipelineFacts): Line {
  const of =
    blocksCovered === undefined || blocksWanted === undefined
      ? ''
      : `, ${formatCount(blocksCovered)} of ${plural(blocksWanted, 'block')}`;
  return [label('coverage'), piece(percent ?? '–', 'bold'), piece(of, 'dim')];
}

function roleLine(role: RoleFacts, { lag }: PipelineFacts): Line {
  const behind: Partial<Record<RoleFacts['name'], string>> = {
    streamer: amount(lag.streamerBlocks, 'block'),
    recorder: amount(lag.recorderRecords, 'record'),
    processing: amount(lag.openWindows, 'window'),
  };
  const text = behind[role.name] ?? '';
  const missing = role.ready < role.replicas;
  return [
    piece((role.name === 'processing' ? 'processors' : role.name).padEnd(11)),
    piece(podsText(role).padStart(6), missing ? 'yellow' : 'green'),
    piece(text === '' ? '' : `  ${text}`, text === 'none' ? 'green' : undefined),
  ];
}

const amount = (value: number | undefined, what: string): string =>
  value === undefined ? '–' : value === 0 ? 'none' : plural(value, what);
