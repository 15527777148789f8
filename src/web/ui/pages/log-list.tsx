// The logs (events) of a transaction: who emitted them, their topics and data; ERC-20 transfers also in words.

import { formatCount, plural, shortHash } from '../../../status/figures.ts';
import type { LogRow } from '../../../stores/transaction-log/columns.ts';
import { linkTo } from '../route.ts';
import { AddressLink } from '../tables/transaction-table.tsx';

/** `logs` is null where the pipeline keeps none. */
export function LogList({ logs }: { readonly logs: readonly LogRow[] | null }) {
  if (logs === null) {
    return (
      <section className="card" aria-label="Logs">
        <header className="card-head">
          <h2>Logs</h2>
        </header>
        <p className="quiet load-state">This pipeline keeps no logs.</p>
      </section>
    );
  }
  return (
    <section className="card" aria-label="Logs">
      <header className="card-head">
        <h2>{plural(logs.length, 'log')}</h2>
      </header>
      {logs.length === 0 && <p className="quiet load-state">The transaction emitted no logs.</p>}
      <ol className="logs">
        {logs.map((log) => (
          <li key={log.log_index}>
            <p>
              <span className="quiet">#{log.log_index}</span>{' '}
              <a className="mono" href={linkTo.address(log.address)} title={log.address}>
                {shortHash(log.address)}
              </a>
              <Transfer log={log} />
            </p>
            <ol className="topics mono">
              {topicsOf(log).map((topic, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: topics are known by their place
                <li key={at}>{topic}</li>
              ))}
            </ol>
            {log.data !== '0x' && log.data != null && <p className="mono data">{String(log.data)}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Transfer({ log }: { readonly log: LogRow }) {
  if (log.transfer_value == null) return null;
  return (
    <span>
      {' '}
      transfer of <strong>{formatCount(String(log.transfer_value))}</strong>{' '}
      <span className="quiet">units from</span> <AddressLink address={addressIn(log.topic1)} />{' '}
      <span className="quiet">to</span> <AddressLink address={addressIn(log.topic2)} />
    </span>
  );
}

/** An address as a topic: the last 20 of 32 bytes. */
function addressIn(topic: unknown): string {
  return `0x${String(topic ?? '').slice(-40)}`;
}

function topicsOf(log: LogRow): readonly string[] {
  return [log.topic0, log.topic1, log.topic2, log.topic3]
    .filter((topic) => topic != null)
    .map((topic) => String(topic));
}
