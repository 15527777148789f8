// Each topic: what it keeps, and how far behind the recorder is on it.

import { formatAge, formatBytes, formatCount, plural } from '../../../status/figures.ts';
import type { TopicStatus } from '../../../status/pipeline-status.ts';
import { useNow } from '../live.tsx';

export function TopicList({ topics }: { readonly topics: readonly TopicStatus[] }) {
  return (
    <section className="card topic-list" aria-label="Topics">
      <header className="card-head">
        <h2>Topics</h2>
      </header>
      {topics.length === 0 && <p className="quiet">`millrace stream` has not made them yet.</p>}
      <ul>
        {topics.map((topic) => (
          <li key={topic.name}>
            <span className="name">{topic.name.slice(topic.name.lastIndexOf('.') + 1)}</span>
            <span>
              {formatCount(topic.records)}{' '}
              <span className="quiet">records in {plural(topic.partitions, 'partition')}</span>
            </span>
            <Lag lag={topic.lag} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lag({ lag }: { readonly lag: TopicStatus['lag'] }) {
  const now = useNow();
  if (lag.records === 0) return <span className="good">all recorded</span>;
  const oldest = lag.oldest === undefined ? '' : ` · oldest ${formatAge(now - lag.oldest / 1000)}`;
  return (
    <span title={lag.group}>
      {plural(lag.records, 'record')} to go · {formatBytes(lag.bytes)}
      {oldest}
    </span>
  );
}
