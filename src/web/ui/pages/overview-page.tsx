// Everything at a glance: the flow, what is covered, the results, and the newest transactions as they come.

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { formatBytes } from '../../../status/figures.ts';
import type { ResultTablesAnswer } from '../../server/answers.ts';
import { getJson } from '../api.ts';
import { CoverageBar } from '../flow/coverage-bar.tsx';
import { ProcessorList } from '../flow/processor-list.tsx';
import { ReorgCounter } from '../flow/reorg-counter.tsx';
import { StageStrip } from '../flow/stage-strip.tsx';
import { TopicList } from '../flow/topic-list.tsx';
import { useLive } from '../live.tsx';
import { LoadState } from '../shell/load-state.tsx';
import { TransactionTable } from '../tables/transaction-table.tsx';
import { useMedia } from '../use-media.ts';
import { ResultPanel } from './result-panel.tsx';

/** On a phone a transaction takes three lines. */
const shownWhereNarrow = 8;

export function OverviewPage() {
  const { status } = useLive();
  if (!status) return <LoadState error={null} what="the pipeline" />;
  return (
    <>
      <h1 className="visually-hidden">Pipeline {status.pipeline}</h1>
      <StageStrip status={status} />
      <div className="side-by-side">
        <CoverageBar status={status} />
        <ProcessorList processors={status.processors} />
        <ReorgCounter reorgs={status.reorgs} />
        {status.topics.each && <TopicList topics={status.topics.each} />}
      </div>
      <ResultPanels tables={status.processors.map((processor) => processor.table).join()} />
      <NewestTransactions />
      <footer className="quiet">
        memory {formatBytes(status.memory.rssBytes)} ·{' '}
        <a href="/api/openapi.json">list of the API’s routes</a>
      </footer>
    </>
  );
}

function ResultPanels({ tables }: { readonly tables: string }) {
  const { data, error } = useQuery({
    queryKey: ['results', tables],
    queryFn: ({ signal }) => getJson<ResultTablesAnswer>('/api/results', signal),
  });
  if (!data) return <LoadState error={error} what="the result tables" />;
  if (data.tables.length === 0) return null;
  return (
    <div className="result-grid">
      {data.tables.map((table) => (
        <ResultPanel
          key={`${table.owner}/${table.name}`}
          owner={table.owner}
          name={table.name}
          pageSize={8}
          heading="h2"
        />
      ))}
    </div>
  );
}

function NewestTransactions() {
  const { transactions } = useLive();
  const [all, setAll] = useState(false);
  const narrow = useMedia('(max-width: 640px)');
  const shown = narrow && !all ? transactions?.slice(0, shownWhereNarrow) : transactions;
  const hidden = (transactions?.length ?? 0) - (shown?.length ?? 0);
  return (
    <section className="card" aria-label="Newest transactions">
      <header className="card-head">
        <h2>Newest transactions</h2>
      </header>
      {transactions === undefined && <LoadState error={null} what="transactions" />}
      {transactions?.length === 0 && (
        <p className="quiet load-state">Nothing recorded yet: the first block shows here.</p>
      )}
      {shown && shown.length > 0 && (
        <TransactionTable transactions={shown} label="Newest transactions, by block" />
      )}
      {hidden > 0 && (
        <p className="more">
          <button type="button" onClick={() => setAll(true)}>
            {hidden} more
          </button>
        </p>
      )}
    </section>
  );
}
