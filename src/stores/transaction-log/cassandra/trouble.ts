// What the driver throws, as errors of ours: one clear line, without the address's password, and whether it may pass.

import { errors, types } from 'cassandra-driver';
import { isMillraceError, MillraceError } from '../../../errors.ts';

const codes = types.responseErrorCodes;
const denied: ReadonlySet<number> = new Set([codes.badCredentials, codes.unauthorized]);
const passing: ReadonlySet<number> = new Set([
  codes.serverError,
  codes.unavailableException,
  codes.overloaded,
  codes.isBootstrapping,
  codes.truncateError,
  codes.writeTimeout,
  codes.readTimeout,
  codes.readFailure,
  codes.writeFailure,
]);

const NO_CONNECTION =
  /no connection available|connection.*(?:closed|closing|shutting down|unavailable)|socket was closed/i;

/** @returns the error to throw instead: StoreUnreachable, StoreDenied, or what it was */
export function explainCassandra(error: unknown, store: string, action: string): unknown {
  if (isMillraceError(error)) return error;
  const cause = innermost(error);
  if (isDenied(cause)) {
    return new MillraceError('StoreDenied', { store, action, problem: lineOf(cause) }, { cause: error });
  }
  if (mayPass(error)) {
    return new MillraceError('StoreUnreachable', { store, problem: lineOf(cause) }, { cause: error });
  }
  return error;
}

/** May the same request succeed a moment later? */
export function mayPass(error: unknown): boolean {
  if (isDenied(innermost(error))) return false;
  if (error instanceof errors.ResponseError) return passing.has(error.code);
  if (
    error instanceof errors.NoHostAvailableError ||
    error instanceof errors.OperationTimedOutError ||
    error instanceof errors.BusyConnectionError
  ) {
    return true;
  }
  if (isMillraceError(error)) return error.retry;
  if (!(error instanceof Error)) return false;
  // Sockets that refuse, break or cannot be found, and TLS that is not accepted.
  if (typeof (error as NodeJS.ErrnoException).code === 'string') return true;
  // A pool without connections, and one that breaks, have no class of their own in the driver.
  return (error as { isSocketError?: boolean }).isSocketError === true || NO_CONNECTION.test(error.message);
}

/** Of a driver that tried several hosts, the refusal if there is one, else the last host's trouble. */
function innermost(error: unknown): unknown {
  if (!(error instanceof errors.NoHostAvailableError)) return error;
  const causes = Object.values(error.innerErrors ?? {}).map(innermost);
  return causes.find(isDenied) ?? causes.at(-1) ?? error;
}

function isDenied(error: unknown): boolean {
  return (
    error instanceof errors.AuthenticationError ||
    (error instanceof errors.ResponseError && denied.has(error.code))
  );
}

function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? text).slice(0, 300);
}
