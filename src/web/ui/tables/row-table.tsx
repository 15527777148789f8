// Rows of a result table or of a query: sortable by any column, in pages.

import { useState } from 'react';
import { formatCount, shortHash } from '../../../status/figures.ts';
import type { ResultColumn, ResultRow, ResultValue } from '../../../stores/results/port.ts';
import { formatCell } from '../format-value.ts';
import { linkTo } from '../route.ts';
import { type Order, sortRows } from './sort-rows.ts';

export function RowTable(props: {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly ResultRow[];
  readonly label: string;
  readonly pageSize: number;
}) {
  const { columns, rows, pageSize } = props;
  const [order, setOrder] = useState<Order>();
  const [wantedPage, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(rows.length / pageSize));
  // Rows may become fewer while somebody looks at the last page.
  const page = Math.min(wantedPage, pages - 1);
  const shown = sortRows(rows, columns, order).slice(page * pageSize, (page + 1) * pageSize);
  if (rows.length === 0) return <p className="quiet load-state">No rows yet.</p>;
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
  if (typeof value === 'string' && column.type === 'text') {
    if (/^0x[0-9a-f]{40}$/.test(value)) return <HashLink text={value} href={linkTo.address(value)} />;
    // A hash of a block or of a transaction; the column says which.
    if (/^0x[0-9a-f]{64}$/.test(value)) {
      const href = column.name.includes('block') ? linkTo.block(value) : linkTo.transaction(value);
      return <HashLink text={value} href={href} />;
    }
  }
  if (value === null) return <span className="quiet">–</span>;
  const text = formatCell(value, column.type);
  return text.length > 48 ? <span title={text}>{`${text.slice(0, 40)}…`}</span> : text;
}

function HashLink({ text, href }: { readonly text: string; readonly href: string }) {
  return (
    <a className="mono" href={href} title={text}>
      {shortHash(text)}
    </a>
  );
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
