// SIGINT and SIGTERM stop a command cleanly; a second one ends it at once.

/** Exit code of what a person or a supervisor ended before it was done. */
export const interrupted = 130;

export function stopOnSignals(): AbortController {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(interrupted);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop;
}
