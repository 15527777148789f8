// The rows of a query, how many and how long they took, and the same rows as a file.

import type { QueryResult } from '../../../../batch-engine/run-query.ts';
import { csvLine } from '../../../../csv.ts';
import { plural } from '../../../../status/figures.ts';
import { RowTable } from '../../tables/row-table.tsx';

export function Answer({ result, elapsedMs }: { readonly result: QueryResult; readonly elapsedMs: number }) {
  return (
    <section className="card" aria-label="Answer">
      <header className="card-head">
        <h2>Answer</h2>
        <p className="quiet" role="status">
          {plural(result.rows.length, 'row')} in {(elapsedMs / 1000).toFixed(2)} s
          {result.truncated && ', cut at the limit: narrow the query to see the rest'}
        </p>
        <button type="button" className="at-end" onClick={() => saveCsv(result)}>
          CSV<span className="visually-hidden"> of the answer</span>
        </button>
      </header>
      <RowTable
        // Another answer begins at its first page, unsorted.
        key={`${result.columns.map(({ name }) => name).join()} ${elapsedMs}`}
        columns={result.columns}
        rows={result.rows}
        label="Answer"
        pageSize={25}
        empty="No rows."
      />
    </section>
  );
}

/** Made here, of the very rows that are shown: asking again might give others. */
function saveCsv({ columns, rows }: QueryResult): void {
  const lines = [columns.map(({ name }) => name), ...rows].map(csvLine);
  const url = URL.createObjectURL(new Blob(lines, { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'answer.csv';
  link.click();
  URL.revokeObjectURL(url);
}
