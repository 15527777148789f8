// Each processor: how many windows it has done, which is the newest, and what the next one waits for.

import { formatCount, formatTime } from '../../../status/figures.ts';
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
            <a href={linkTo.result(processor.owner, processor.table)}>{processor.name}</a>
            <span className={`badge state-${processor.state}`}>{processor.state}</span>
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

function doing({ newestWindow, openWindow }: ProcessorStatus): string {
  const newest = newestWindow === undefined ? '' : `newest ${formatTime(newestWindow).slice(5, 16)}`;
  const open = openWindow === undefined ? '' : `open until ${formatTime(openWindow.end).slice(11, 19)}`;
  return [newest, open].filter((part) => part !== '').join(' · ');
}
