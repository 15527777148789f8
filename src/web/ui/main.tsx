// Starts the pages in the browser.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api.ts';
import { App } from './app.tsx';
import { LiveProvider } from './live.tsx';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      // A refusal does not get better by asking again; a server that did not answer may.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && isRefusal(error.status)),
    },
  },
});

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500;
}

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <LiveProvider>
          <App />
        </LiveProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
