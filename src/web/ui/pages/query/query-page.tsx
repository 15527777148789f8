// One SELECT over the log and the results: what there is to ask, the queries that were saved, and the answer.

import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { QueryResult } from '../../../../batch-engine/run-query.ts';
import { postJson } from '../../api.ts';
import { LoadState } from '../../shell/load-state.tsx';
import { Answer } from './answer.tsx';
import { SavedQueries } from './saved-queries.tsx';
import { TableList } from './table-list.tsx';

const example = `SELECT block_number, count(*) AS transactions, sum(receipt_gas_used) AS gas_used
FROM transactions
GROUP BY block_number
ORDER BY block_number DESC
LIMIT 20`;

export function QueryPage() {
  const [sql, setSql] = useState(example);
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: async (text: string) => {
      const began = performance.now();
      const result = await postJson<QueryResult>('/api/query', { sql: text });
      return { result, elapsedMs: performance.now() - began };
    },
  });
  const run = (text: string) => {
    if (text.trim() !== '' && !isPending) mutate(text);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(sql);
  };
  return (
    <>
      <section className="card">
        <header className="card-head">
          <h1>Query</h1>
          <p className="quiet">One SELECT, in DuckDB’s dialect, over the log and the results</p>
        </header>
        <div className="query-desk">
          <div>
            <form className="query" onSubmit={submit}>
              <label htmlFor="sql">SQL</label>
              <textarea
                id="sql"
                rows={10}
                spellCheck={false}
                value={sql}
                onChange={(event) => setSql(event.target.value)}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run(sql);
                }}
              />
              <p>
                <button type="submit" className="primary" disabled={isPending || sql.trim() === ''}>
                  {isPending ? 'Running …' : 'Run'}
                </button>{' '}
                <span className="quiet">Ctrl+Enter</span>
              </p>
            </form>
            <SavedQueries
              sql={sql}
              busy={isPending}
              open={setSql}
              run={(text) => {
                setSql(text);
                run(text);
              }}
            />
          </div>
          <TableList />
        </div>
      </section>
      {error && (
        <section className="card">
          <LoadState error={error} what="the answer" />
        </section>
      )}
      {data && <Answer result={data.result} elapsedMs={data.elapsedMs} />}
    </>
  );
}
