// What a query can read: each table, unfolding into its columns and their types.

import { useQuery } from '@tanstack/react-query';
import { plural } from '../../../../status/figures.ts';
import type { QueryTablesAnswer } from '../../../server/answers.ts';
import { getJson } from '../../api.ts';
import { LoadState } from '../../shell/load-state.tsx';

export function TableList() {
  const { data, error } = useQuery({
    queryKey: ['tables'],
    queryFn: ({ signal }) => getJson<QueryTablesAnswer>('/api/tables', signal),
  });
  return (
    <section className="table-list" aria-label="Tables">
      <h2>Tables</h2>
      {!data && <LoadState error={error} what="the tables" />}
      {data?.tables.map(({ name, columns }) => (
        <details key={name}>
          <summary>
            <code>{name}</code> <span className="quiet">{plural(columns.length, 'column')}</span>
          </summary>
          <ul>
            {columns.map((column) => (
              <li key={column.name}>
                <code>{column.name}</code> <span className="quiet">{column.type}</span>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </section>
  );
}
