// How often the chain changed its mind, how deeply, and when last.

import { formatAge, formatCount, formatTime, plural } from '../../../status/figures.ts';
import type { ReorgStatus } from '../../../status/pipeline-status.ts';
import { useNow } from '../live.tsx';

export function ReorgCounter({ reorgs }: { readonly reorgs: ReorgStatus }) {
  const now = useNow();
  return (
    <section className="card reorgs" aria-label="Reorgs">
      <header className="card-head">
        <h2>Reorgs</h2>
        <p>
          <strong className="figure">{formatCount(reorgs.count)}</strong>
        </p>
      </header>
      <p className="quiet">
        {reorgs.count > 0 && `The deepest undid ${plural(reorgs.deepest, 'block')}. `}
        {reorgs.last &&
          `The last undid ${plural(reorgs.last.depth, 'block')}, ${formatAge(now - reorgs.last.at / 1000)}. `}
        {reorgs.since !== undefined
          ? `Of blocks published since ${formatTime(reorgs.since / 1000)} UTC.`
          : reorgs.count === 0 && 'None since the start.'}
      </p>
    </section>
  );
}
