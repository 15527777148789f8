// Each processor: how many windows it has done, which is the newest, and what the next one waits for.

import { windowEnd, windowTime } from '../../../status/describe-lag.ts';
import { formatCount } from '../../../status/figures.ts';
import type { ProcessorStatus } from '../../../status/pipeline-status.ts';
import { linkTo } from '../route.ts';

export function ProcessorList({ processors }: { readonly processors: readonly ProcessorStatus[] }) {
  return (
    <section className="card processors" aria-label="Processors">
      <header className="card-head">
        <h2>Processors</h2>
      </header>
      {processors.length === 0 && <p className="quiet">The manifest names no processor.</p>}
      <ul>
        {processors.map((processor) => (
          <li key={`${processor.owner}/${processor.name}`}>
            {processor.table === '' ? (
              <span>{processor.name}</span>
            ) : (
              <a href={linkTo.result(processor.owner, processor.table)}>{processor.name}</a>
            )}
            {processor.state && <span className={`badge state-${processor.state}`}>{processor.state}</span>}
            <span>
              {formatCount(processor.windowsDone)}{' '}
              <span className="quiet">{processor.windowsDone === 1 ? 'window' : 'windows'}</span>
            </span>
            <span className="quiet">{doing(processor)}</span>
            {processor.problem && <span className="problem">{processor.problem}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function doing({ table, newestWindow, openWindow }: ProcessorStatus): string {
  if (table === '') return 'no table yet';
  const newest = newestWindow === undefined ? '' : `newest ${windowTime(newestWindow)}`;
  const open = openWindow === undefined ? '' : `open to ${windowEnd(openWindow.end)}`;
  return [newest, open].filter((part) => part !== '').join(' · ');
}
