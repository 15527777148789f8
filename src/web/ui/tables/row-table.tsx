// Rows of a result table or of a query: sortable by any column, in pages.

import { useState } from 'react';
import { formatCount } from '../../../status/figures.ts';
import type { ResultColumn, ResultRow, ResultValue } from '../../../stores/results/port.ts';
import { formatCell } from '../format-value.ts';
import { linkTo } from '../route.ts';
import { cellText, isHash } from './cell-text.ts';
import { type Order, sortRows } from './sort-rows.ts';

export function RowTable(props: {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly ResultRow[];
  readonly label: string;
  readonly pageSize: number;
  /** What stands there when there are no rows. */
  readonly empty: string;
}) {
  const { columns, rows, pageSize } = props;
  const [order, setOrder] = useState<Order>();
  const [wantedPage, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(rows.length / pageSize));
  // Rows may become fewer while somebody looks at the last page.
  const page = Math.min(wantedPage, pages - 1);
  const shown = sortRows(rows, columns, order).slice(page * pageSize, (page + 1) * pageSize);
  if (rows.length === 0) return <p className="quiet load-state">{props.empty}</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region needs focus to scroll by keyboard */}
      <section className="table-scroll" aria-label={props.label} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column, at) => (
                <th
                  key={column.name}
                  scope="col"
                  className={isNumber(column) ? 'number' : undefined}
                  aria-sort={
                    order?.column === at ? (order.descending ? 'descending' : 'ascending') : undefined
                  }
                >
                  <button
                    type="button"
                    className="sort"
                    onClick={() => {
                      setOrder(nextOrder(order, at));
                      setPage(0);
                    }}
                  >
                    {column.name}
                    <span aria-hidden="true">{markOf(order, at)}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of a query have no identity but their place
              <tr key={page * pageSize + at}>
                {columns.map((column, index) => (
                  <td key={column.name} className={isNumber(column) ? 'number' : undefined}>
                    <Cell value={row[index] ?? null} column={column} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {pages > 1 && (
        <nav className="pager" aria-label={`Pages of ${props.label}`}>
          <button type="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
            ← Previous
          </button>
          <span>
            {formatCount(page * pageSize + 1)}–{formatCount(Math.min(rows.length, (page + 1) * pageSize))} of{' '}
            {formatCount(rows.length)}
          </span>
          <button type="button" disabled={page === pages - 1} onClick={() => setPage(page + 1)}>
            Next →
          </button>
        </nav>
      )}
    </>
  );
}

function Cell({ value, column }: { readonly value: ResultValue; readonly column: ResultColumn }) {
  if (value === null) return <span className="quiet">–</span>;
  const text = cellText(value, column);
  if (!isHash(value)) {
    const whole = formatCell(value, column.type);
    return text === whole ? text : <span title={whole}>{text}</span>;
  }
  return (
    <a className="mono" href={placeOf(value, column)} title={value}>
      {text}
    </a>
  );
}

/** 20 bytes are an address; 32 the hash of a block or of a transaction, the column says which. */
function placeOf(hash: string, column: ResultColumn): string {
  if (hash.length === 42) return linkTo.address(hash);
  return column.name.includes('block') ? linkTo.block(hash) : linkTo.transaction(hash);
}

function isNumber(column: ResultColumn): boolean {
  return column.type === 'integer' || column.type === 'decimal' || column.type === 'double';
}

/** Largest first, then smallest first, then as it came. */
function nextOrder(order: Order | undefined, column: number): Order | undefined {
  if (order?.column !== column) return { column, descending: true };
  return order.descending ? { column, descending: false } : undefined;
}

function markOf(order: Order | undefined, column: number): string {
  if (order?.column !== column) return '';
  return order.descending ? ' ▾' : ' ▴';
}
