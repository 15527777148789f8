// Which of the wanted blocks are final in the log: a bar from the first block wanted to the finalized one, filled
// where the log has them, with the intervals and the time that the rest will take.

import { formatCount, formatDuration, formatShare, plural } from '../../../status/figures.ts';
import type { PipelineStatus } from '../../../status/pipeline-status.ts';

const intervalsListed = 6;

export function CoverageBar({ status }: { readonly status: PipelineStatus }) {
  const { coverage, start, finalized } = status;
  const { blocksCovered, blocksWanted, intervals } = coverage;
  const share = formatShare(blocksCovered, blocksWanted);
  const complete = blocksWanted > 0 && blocksCovered >= blocksWanted;
  return (
    <section className="card coverage" aria-label="Coverage">
      <header className="card-head">
        <h2>Coverage</h2>
        <p>
          {blocksWanted === 0 ? (
            <span className="quiet">no final block is known yet</span>
          ) : (
            <>
              <strong className="figure">{share}</strong>{' '}
              <span className="quiet">
                {formatCount(blocksCovered)} of {plural(blocksWanted, 'final block')}
              </span>
            </>
          )}
        </p>
        <p className="eta">{etaOf(status, complete)}</p>
      </header>
      <div
        className="bar"
        role="progressbar"
        aria-label="Final blocks in the log"
        aria-valuemin={0}
        aria-valuemax={Math.max(1, blocksWanted)}
        aria-valuenow={blocksCovered}
        aria-valuetext={share}
      >
        {start !== undefined &&
          finalized &&
          intervals.map((interval) => (
            <span key={interval.from} style={placeOf(interval, start, finalized.number)} />
          ))}
      </div>
      <p className="bar-ends quiet">
        <span>{start === undefined ? '' : formatCount(start)}</span>
        <span className="intervals">
          {intervals.slice(0, intervalsListed).map((interval) => (
            <span key={interval.from}>
              {formatCount(interval.from)}–{formatCount(interval.to)}
            </span>
          ))}
          {intervals.length > intervalsListed && <span>and {intervals.length - intervalsListed} more</span>}
        </span>
        <span>{finalized ? formatCount(finalized.number) : ''}</span>
      </p>
    </section>
  );
}

function etaOf(status: PipelineStatus, complete: boolean): string {
  if (complete) return 'complete';
  const eta = status.coverage.etaSeconds;
  return eta === undefined ? '' : `about ${formatDuration(eta)} left`;
}

/** Left edge and width in percent of the wanted range; at least wide enough to be seen. */
function placeOf(interval: { from: number; to: number }, start: number, end: number) {
  const wanted = Math.max(1, end - start + 1);
  const from = Math.max(interval.from, start);
  const to = Math.min(interval.to, end);
  if (to < from) return { display: 'none' };
  const width = Math.max(0.3, ((to - from + 1) / wanted) * 100);
  return { left: `${((from - start) / wanted) * 100}%`, width: `${width}%` };
}
