// Says what holds the pipeline up, in the pipeline's own words, or that the page lost its server.

import { useLive } from '../live.tsx';

export function ProblemBanner() {
  const { status, connection } = useLive();
  if (connection === 'lost') {
    return (
      <p className="banner warn" role="alert">
        <strong>No connection to Millrace.</strong> The figures below are the last known; this page connects
        again by itself once <code>millrace run</code> answers.
      </p>
    );
  }
  if (!status?.problem) return null;
  return (
    <p className={`banner ${status.state === 'failed' ? 'bad' : 'warn'}`} role="alert">
      <strong>{status.state === 'failed' ? 'Stopped.' : 'Held up.'}</strong> {status.problem}
    </p>
  );
}
