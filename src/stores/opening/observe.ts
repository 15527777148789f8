// A store whose failures are told: whoever handles the error, and however often it is tried again, each is counted once
// where it leaves the store.

import { type ErrorCode, isMillraceError, type MillraceError } from '../../errors.ts';

/** Answers that callers wait or ask for, not failures. */
const answers: ReadonlySet<ErrorCode> = new Set(['TopicUnknown', 'LogNotMade', 'RowsMissing', 'ClaimLost']);

/** The same promise; `failed` hears when it rejects with an error of Millrace's that is a failure. */
export async function observed<T>(call: Promise<T>, failed: (error: MillraceError) => void): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (isMillraceError(error) && !answers.has(error.code)) failed(error);
    throw error;
  }
}

/** Objects with calls of their own, which can fail as well. */
const handles: ReadonlySet<string | symbol> = new Set(['publisher', 'consumer']);

/** The same store; `failed` hears of every failure that a call of it rejects with. */
export function observeStore<T extends object>(store: T, failed: (error: MillraceError) => void): T {
  const calls = new Map<string | symbol, unknown>();
  const observing = (name: string | symbol, call: (...args: unknown[]) => unknown) => {
    const known = calls.get(name);
    if (known) return known;
    const made = (...args: unknown[]): unknown => {
      const answer = call.apply(store, args);
      if (!(answer instanceof Promise)) return answer;
      const value = handles.has(name)
        ? answer.then((handle: object) => observeStore(handle, failed))
        : answer;
      return observed(value, failed);
    };
    calls.set(name, made);
    return made;
  };
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? observing(name, value as (...args: unknown[]) => unknown) : value;
    },
  });
}
