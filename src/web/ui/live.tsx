// What the server tells by itself: the status and the newest transactions, from one event stream for all of the page.

import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import type { PipelineStatus } from '../../status/pipeline-status.ts';
import type { TransactionSummary } from '../server/answers.ts';

export interface Live {
  readonly status: PipelineStatus | undefined;
  /** Newest first; undefined until the first batch. */
  readonly transactions: readonly TransactionSummary[] | undefined;
  readonly connection: 'connecting' | 'open' | 'lost';
  /** Server's clock minus this browser's, in milliseconds: ages are by the server's clock. */
  readonly clockOffset: number;
}

const reconnectMs = 2000;

const nothingYet: Live = {
  status: undefined,
  transactions: undefined,
  connection: 'connecting',
  clockOffset: 0,
};
const LiveContext = createContext<Live>(nothingYet);
/** One ticker for all ages on the page; milliseconds by this browser's clock. */
const NowContext = createContext(0);

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [live, setLive] = useState(nothingYet);
  useEffect(() => listen(setLive), []);
  useReadAgain(live.connection);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <LiveContext value={live}>
      <NowContext value={now}>{children}</NowContext>
    </LiveContext>
  );
}

/** Once the server is back everything on the page is read again: what failed meanwhile, and what may have moved. */
function useReadAgain(connection: Live['connection']): void {
  const queries = useQueryClient();
  const wasLost = useRef(false);
  useEffect(() => {
    if (connection === 'open' && wasLost.current) void queries.invalidateQueries();
    if (connection !== 'connecting') wasLost.current = connection === 'lost';
  }, [connection, queries]);
}

/** Keeps one event stream open while the page is looked at: a browser has few connections for all its tabs. */
function listen(setLive: (change: (was: Live) => Live) => void): () => void {
  let source: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    clearTimeout(again);
    source?.close();
    source = undefined;
  };
  const start = () => {
    stop();
    const events = new EventSource('/api/events');
    source = events;
    events.onopen = () => setLive((was) => ({ ...was, connection: 'open' }));
    events.onerror = () => {
      setLive((was) => ({ ...was, connection: 'lost' }));
      // A broken connection the browser mends by itself; after a refusal it gives up.
      if (events.readyState === EventSource.CLOSED) again = setTimeout(start, reconnectMs);
    };
    events.addEventListener('status', (event) => {
      const status = JSON.parse(event.data) as PipelineStatus;
      setLive((was) => ({ ...was, status, clockOffset: status.now - Date.now() }));
    });
    events.addEventListener('transactions', (event) => {
      const transactions = JSON.parse(event.data) as TransactionSummary[];
      setLive((was) => ({ ...was, transactions }));
    });
  };
  const looked = () => (document.hidden ? stop() : start());
  document.addEventListener('visibilitychange', looked);
  looked();
  return () => {
    document.removeEventListener('visibilitychange', looked);
    stop();
  };
}

export function useLive(): Live {
  return useContext(LiveContext);
}

/** The server's time in Unix seconds, ticking once a second. */
export function useNow(): number {
  return (useContext(NowContext) + useLive().clockOffset) / 1000;
}
