// A plan as lines: what would be made, changed, removed or refused, a changed field each.

import type { Difference } from '../../../kube/differences.ts';
import type { PlannedChange } from '../../../kube/plan.ts';
import { plural } from '../../../status/figures.ts';
import { wrapText } from '../../run/fit-line.ts';
import { type Line, piece, renderLine, type Style } from '../../run/styled-line.ts';
import { changedLines } from './changed-lines.ts';
import type { PipelinePlan } from './plan-pipeline.ts';

const signs: Readonly<Record<PlannedChange['action'], readonly [sign: string, style: Style]>> = {
  create: ['+', 'green'],
  change: ['~', 'yellow'],
  delete: ['-', 'red'],
  refused: ['!', 'red'],
};
/** The operator's own notes; what they follow from is shown. */
const bookkeeping = /annotations\[millrace\.dev\/(applied|inputs|template|replicas|preferred|version)\]/;
const longestValue = 160;
const mostRows = 10;

export function renderPlan(
  { changes, notes }: PipelinePlan,
  options: { readonly width: number; readonly colours: boolean },
): string[] {
  const lines: Line[] = [
    ...changes.flatMap((change) => changeLines(change, options.width)),
    ...notes.flatMap((note) =>
      wrapText(note, { width: options.width - 2, most: mostRows }).map((row) => [
        piece(`  ${row}`, 'yellow'),
      ]),
    ),
    [piece(summary(changes), 'bold')],
  ];
  return lines.map((line) => renderLine(line, options));
}

function changeLines(
  { action, object, because, differences }: PlannedChange,
  width: number,
): readonly Line[] {
  const [sign, style] = signs[action];
  const rolls = differences.some(({ path }) => path.startsWith('spec.template'));
  const shown = differences.filter(({ path }) => !bookkeeping.test(path));
  return [
    [piece(`${sign} ${object}`, style), piece(rolls ? '  (its pods are replaced)' : '', 'dim')],
    ...(rolls && shown.length === 0
      ? [[piece('    what they are given has changed: the manifest, or a Secret')]]
      : []),
    ...shown.flatMap((difference) => fieldLines(difference, width)),
    ...(because === undefined
      ? []
      : wrapText(because, { width: width - 4, most: mostRows }).map((row): Line => [piece(`    ${row}`)])),
  ];
}

function fieldLines(difference: Difference, width: number): readonly Line[] {
  const { path, found, wanted } = difference;
  const texts = typeof found === 'string' && typeof wanted === 'string';
  if (!texts || !`${found}${wanted}`.includes('\n'))
    return wrapText(fieldText(difference), { width: width - 6, most: mostRows }).map((row, at) => [
      piece(`    ${at === 0 ? '' : '  '}${row}`),
    ]);
  return [
    [piece(`    ${path}:`)],
    ...changedLines(found, wanted).map((line): Line => {
      const [sign, style] = line.startsWith('+') ? signs.create : signs.delete;
      return [piece(`      ${sign}${line.slice(1)}`, style)];
    }),
  ];
}

function fieldText({ path, found, wanted }: Difference): string {
  if (found === undefined && wanted === undefined) return `${path}: another value`;
  if (found === undefined) return `${path}: ${valueText(wanted)} (new)`;
  if (wanted === undefined) return `${path}: ${valueText(found)} (removed)`;
  return `${path}: ${valueText(found)} → ${valueText(wanted)}`;
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function summary(changes: readonly PlannedChange[]): string {
  if (changes.length === 0) return 'Nothing would change.';
  const count = (action: PlannedChange['action']) =>
    changes.filter((change) => change.action === action).length;
  const refused = count('refused');
  const parts = [
    `${count('create')} to create`,
    `${count('change')} to change`,
    `${count('delete')} to delete`,
  ];
  return `${parts.join(', ')}${refused > 0 ? `, ${plural(refused, 'object')} refused` : ''}. Nothing was written.`;
}
