// Which columns of the log a statement reads, by its bound plan: a log that is far away sends only these.

import type { LogTable } from '../stores/transaction-log/columns.ts';
import { viewColumns } from './bound-plan.ts';
import type { LogView } from './log-tables.ts';
import { isNode, type TreeNode, type TreeValue, text } from './sql-tree.ts';

export type ReadColumns = ReadonlyMap<LogTable, ReadonlySet<string>>;

/** What a column of a view is made from, where it is not a column of the same name. */
const made: Readonly<Partial<Record<LogView, Readonly<Record<string, readonly string[]>>>>> = {
  logs: { topics: ['topic0', 'topic1', 'topic2', 'topic3'] },
  transfers: {
    token_address: ['address'],
    from_address: ['topic1'],
    to_address: ['topic2'],
    value: ['transfer_value'],
  },
};
const isView = (name: string): name is LogView => Object.hasOwn(viewColumns, name);

export function readColumns(plan: TreeNode): ReadColumns {
  const found = new Map<LogTable, Set<string>>();
  visit(plan, found);
  return found;
}

function visit(value: TreeValue | undefined, found: Map<LogTable, Set<string>>): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly TreeValue[]) visit(item, found);
    return;
  }
  if (!isNode(value)) return;
  if (value.type === 'LOGICAL_GET') note(value, found);
  for (const child of Object.values(value)) visit(child, found);
}

function note(get: TreeNode, found: Map<LogTable, Set<string>>): void {
  const view = isNode(get.function_data) ? text(get.function_data.table) : '';
  if (!isView(view)) return;
  const table = view === 'transfers' ? 'logs' : view;
  const columns = found.get(table) ?? new Set();
  found.set(table, columns);
  // Without it no row would be a transfer.
  if (view === 'transfers') columns.add('transfer_value');
  for (const index of Array.isArray(get.column_indexes) ? (get.column_indexes as readonly TreeValue[]) : []) {
    const name = isNode(index) ? viewColumns[view][Number(index.index)]?.name : undefined;
    if (name !== undefined) for (const source of made[view]?.[name] ?? [name]) columns.add(source);
  }
}
