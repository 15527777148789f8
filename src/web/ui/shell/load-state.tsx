// What stands where data will stand: that it is coming, or why it is not.

import { ApiError } from '../api.ts';

export function LoadState({ error, what }: { readonly error: Error | null; readonly what: string }) {
  if (!error) {
    return (
      <p className="load-state quiet" role="status">
        Loading {what} …
      </p>
    );
  }
  return (
    <p className="load-state problem" role="alert">
      <strong>{error.message}.</strong>
      {error instanceof ApiError && <> To mend it: {error.remedy}.</>}
    </p>
  );
}
