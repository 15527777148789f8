// Several loops as one: the first failure stops the others, and the whole ends only when every loop has ended. So no
// loop outlives what it works on.

/**
 * Runs `body`, which starts loops with `start` and hands them the signal `stop`. Resolves when all have ended; rejects
 * with the first error that is not the abort itself.
 */
export async function together(
  signal: AbortSignal,
  body: (stop: AbortSignal, start: (loop: Promise<unknown>) => void) => Promise<void> | void,
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  let failure: { readonly error: unknown } | undefined;
  const loops: Promise<unknown>[] = [];
  const watch = (loop: Promise<unknown>): void => {
    loops.push(
      loop.catch((error: unknown) => {
        if (stop.aborted && isAbort(error, stop)) return;
        failure ??= { error };
        failed.abort(error);
      }),
    );
  };
  watch(Promise.resolve().then(() => body(stop, watch)));
  // Loops may be started while others run.
  for (let ended = 0; ended < loops.length; ended++) await loops[ended];
  if (failure) throw failure.error;
}

/** Is this error the signal's own reason, or an abort that it caused? */
export function isAbort(error: unknown, signal: AbortSignal): boolean {
  return (
    signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'))
  );
}
