// One result table: its chart, its rows, and the file with all of them. Reads again whenever a window was done.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { formatCount, formatDuration, plural } from '../../../status/figures.ts';
import type { ResultRowsAnswer } from '../../server/answers.ts';
import { getJson } from '../api.ts';
import { ResultChart } from '../charts/result-chart.tsx';
import { formatCell } from '../format-value.ts';
import { useLive } from '../live.tsx';
import { linkTo } from '../route.ts';
import { LoadState } from '../shell/load-state.tsx';
import { RowTable } from '../tables/row-table.tsx';
import { tableWidth } from '../tables/table-width.ts';
import { FileList } from './file-list.tsx';

/** Characters of a table that fit half of a page of 1280 pixels. */
const halfPage = 76;

export function ResultPanel(props: {
  readonly owner: string;
  readonly name: string;
  readonly pageSize: number;
  readonly heading: 'h1' | 'h2';
}) {
  const { owner, name, heading: Heading } = props;
  const path = `/api/results/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
  const { done, known } = useWindowsDone(owner, name);
  const { data, error } = useQuery({
    queryKey: ['result', owner, name, done],
    queryFn: ({ signal }) => getJson<ResultRowsAnswer>(path, signal),
    placeholderData: keepPreviousData,
    enabled: known,
  });
  const table = useMemo(
    () => data && { columns: data.table.columns, rows: data.rows, window: data.table.window },
    [data],
  );
  // A table that half of the page would cut gets its whole width.
  const wide = useMemo(() => table && tableWidth(table.columns, table.rows) > halfPage, [table]);
  return (
    <section className={wide ? 'card result wide' : 'card result'} aria-label={`Result table ${name}`}>
      <header className="card-head">
        <Heading>
          <a href={linkTo.result(owner, name)}>{name}</a>
        </Heading>
        {data && (
          <p className="quiet">
            {owner} · {plural(data.table.progress.windows, 'window')} of {formatDuration(data.table.window)} ·{' '}
            {plural(data.table.progress.rows, 'row')}
            {data.table.file && ` · one ${data.table.file === 'csv' ? 'CSV' : 'Parquet'} file each`}
          </p>
        )}
        {data && !data.table.file && (
          <a className="button" href={`${path}?format=csv`} download={`${name}.csv`}>
            CSV<span className="visually-hidden"> of {name}</span>
          </a>
        )}
      </header>
      {!data && <LoadState error={error} what={name} />}
      {data?.table.file && <FileList path={path} name={name} pageSize={props.pageSize} done={done} />}
      {data && table && !data.table.file && (
        <>
          <ResultChart table={table} />
          {data.provisional.length > 0 && (
            <p className="quiet">
              Rows of {data.provisional.map((start) => formatCell(start, 'timestamp')).join(', ')} are
              provisional: blocks still come, or may be undone.
            </p>
          )}
          {data.truncated && (
            <p className="quiet">
              The newest {formatCount(data.rows.length)} rows; the CSV has all{' '}
              {formatCount(data.table.progress.rows)}.
            </p>
          )}
          <RowTable
            columns={data.table.columns}
            rows={data.rows}
            label={`Rows of ${name}`}
            pageSize={props.pageSize}
            empty="No rows yet."
          />
        </>
      )}
    </section>
  );
}

/** Not `known` only while the first status is on its way: reading before it would be reading twice. */
function useWindowsDone(owner: string, name: string): { readonly done: number; readonly known: boolean } {
  const { status, connection } = useLive();
  const processor = status?.processors.find((one) => one.owner === owner && one.table === name);
  return { done: processor?.windowsDone ?? 0, known: status !== undefined || connection === 'lost' };
}
