// One SELECT over the log and the results, and the queries that were saved.

import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { QueryResult } from '../../../batch-engine/run-query.ts';
import { plural } from '../../../status/figures.ts';
import type { SavedQueriesAnswer } from '../../server/answers.ts';
import { getJson, postJson } from '../api.ts';
import { LoadState } from '../shell/load-state.tsx';
import { RowTable } from '../tables/row-table.tsx';

const example = `SELECT block_number, count(*) AS transactions, sum(receipt_gas_used) AS gas_used
FROM transactions
GROUP BY block_number
ORDER BY block_number DESC
LIMIT 20`;

export function QueryPage() {
  const [sql, setSql] = useState(example);
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: (text: string) => postJson<QueryResult>('/api/query', { sql: text }),
  });
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (sql.trim() !== '' && !isPending) mutate(sql);
  };
  return (
    <section className="card">
      <header className="card-head">
        <h1>Query</h1>
        <p className="quiet">
          One SELECT over <code>blocks</code>, <code>transactions</code>, <code>logs</code>,{' '}
          <code>transfers</code> and the results (<code>cluster.name</code>)
        </p>
      </header>
      <SavedQueries choose={setSql} />
      <form className="query" onSubmit={submit}>
        <label htmlFor="sql">SQL</label>
        <textarea
          id="sql"
          rows={8}
          spellCheck={false}
          value={sql}
          onChange={(event) => setSql(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
          }}
        />
        <p>
          <button type="submit" className="primary" disabled={isPending || sql.trim() === ''}>
            {isPending ? 'Running …' : 'Run'}
          </button>{' '}
          <span className="quiet">Ctrl+Enter</span>
        </p>
      </form>
      {error && <LoadState error={error} what="the answer" />}
      {data && (
        <>
          <p className="quiet" role="status">
            {plural(data.rows.length, 'row')}
            {data.truncated && ', cut at the limit: narrow the query to see the rest'}
          </p>
          <RowTable columns={data.columns} rows={data.rows} label="Answer" pageSize={25} />
        </>
      )}
    </section>
  );
}

function SavedQueries({ choose }: { readonly choose: (sql: string) => void }) {
  const { data } = useQuery({
    queryKey: ['queries'],
    queryFn: ({ signal }) => getJson<SavedQueriesAnswer>('/api/queries', signal),
  });
  if (!data || data.queries.length === 0) return null;
  return (
    <p className="choice">
      <span className="quiet">Saved:</span>
      {data.queries.map((query) => (
        <button key={query.name} type="button" onClick={() => choose(query.sql)}>
          {query.name}
        </button>
      ))}
    </p>
  );
}
