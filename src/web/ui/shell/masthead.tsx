// Name and state of the pipeline, how fresh its head is, and the search: on every page.

import { formatAge, formatCount } from '../../../status/figures.ts';
import type { BlockStatus } from '../../../status/pipeline-status.ts';
import { useLive, useNow } from '../live.tsx';
import { linkTo, type Route } from '../route.ts';
import { SearchBox } from './search-box.tsx';

export function Masthead({ page }: { readonly page: Route['page'] }) {
  const { status, connection } = useLive();
  const lost = connection === 'lost';
  const heldUp = status?.state === 'running' && status.problem !== undefined;
  const state = lost ? 'disconnected' : heldUp ? 'held up' : (status?.state ?? 'connecting');
  return (
    <header className="masthead">
      <div className="masthead-row">
        <a className="brand" href={linkTo.overview}>
          <img src="./mark.svg" alt="" width="26" height="26" />
          <span>Millrace</span>
        </a>
        <div className="pipeline-name">
          <strong>{status?.pipeline ?? '…'}</strong>
          {status && <span className="quiet"> chain {status.chainId}</span>}
          <span className={`badge state-${state.replace(' ', '-')}`} role="status">
            {state}
          </span>
        </div>
        <nav aria-label="Pages">
          <a href={linkTo.overview} aria-current={page === 'overview' ? 'page' : undefined}>
            Overview
          </a>
          <a href={linkTo.query} aria-current={page === 'query' ? 'page' : undefined}>
            Query
          </a>
        </nav>
        <dl className="heads">
          <Head label="Head" block={status?.head} />
          <Head label="Finalized" block={status?.finalized} />
        </dl>
        <SearchBox />
      </div>
    </header>
  );
}

function Head({ label, block }: { readonly label: string; readonly block: BlockStatus | undefined }) {
  const now = useNow();
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {block ? (
          <>
            <a href={linkTo.block(block.number)}>{formatCount(block.number)}</a>{' '}
            <span className="quiet">{formatAge(now - block.timestamp)}</span>
          </>
        ) : (
          <span className="quiet">not yet</span>
        )}
      </dd>
    </div>
  );
}
