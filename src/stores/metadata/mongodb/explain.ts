// What the driver and the server say, in the words of the catalogue: unreachable (also: stopping, electing, slow), denied,
// or an error of nobody's making, left as it is.

import { MongoAPIError, MongoError, MongoNetworkError, MongoServerError } from 'mongodb';
import { MillraceError } from '../../../errors.ts';

/** https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const denied: ReadonlySet<number> = new Set([
  13 /* Unauthorized */, 18 /* AuthenticationFailed */, 33 /* UserNotFound of older servers */,
  8000 /* Atlas: bad auth */,
]);
const passing: ReadonlySet<number> = new Set([
  6 /* HostUnreachable */, 7 /* HostNotFound */, 50 /* MaxTimeMSExpired */, 64 /* WriteConcernFailed */,
  89 /* NetworkTimeout */, 91 /* ShutdownInProgress */, 100 /* UnsatisfiableWriteConcern */,
  133 /* FailedToSatisfyReadPreference */, 134 /* ReadConcernMajorityNotAvailableYet */,
  189 /* PrimarySteppedDown */, 202 /* NetworkInterfaceExceededTimeLimit */, 262 /* ExceededTimeLimit */,
  10058, 10107 /* NotWritablePrimary */, 11600 /* InterruptedAtShutdown */,
  11602 /* InterruptedDueToReplStateChange */, 13435 /* NotPrimaryNoSecondaryOk */,
  13436 /* NotPrimaryOrSecondary */,
]);
const duplicateKey = 11_000;
const commandNotFound = 59;

export interface Told {
  /** The address without user and password. */
  readonly store: string;
  /** What was being done, as a phrase: `reading tokens`. */
  readonly action: string;
}

/** @returns StoreUnreachable, StoreDenied, or the error itself */
export function explainMongo(error: unknown, { store, action }: Told): unknown {
  if (!(error instanceof Error) || error instanceof MillraceError) return error;
  if (error instanceof MongoServerError) {
    const problem = oneLine(error.message);
    // A server without users does not know the command that signs in.
    const signIn = error.code === commandNotFound && /'?saslStart'?/.test(error.message);
    if (signIn) {
      const said = 'it knows no users, and the address gives one';
      return new MillraceError(
        'StoreDenied',
        { store, action: 'the sign-in', problem: said },
        { cause: error },
      );
    }
    if (denied.has(Number(error.code))) {
      const what = error.code === 13 ? action : 'the sign-in';
      return new MillraceError('StoreDenied', { store, action: what, problem }, { cause: error });
    }
    const retry = error.hasErrorLabel('RetryableWriteError') || error.hasErrorLabel('RetryableError');
    if (!retry && !passing.has(Number(error.code))) return error;
    return new MillraceError('StoreUnreachable', { store, problem }, { cause: error });
  }
  if (error instanceof MongoAPIError && !isDisconnect(error)) return error;
  if (!(error instanceof MongoError) && !isSystem(error)) return error;
  return new MillraceError('StoreUnreachable', { store, problem: rootProblem(error) }, { cause: error });
}

/** The unique index that refused a write; undefined for any other error. `_id_` is the key itself. */
export function violatedIndex(error: unknown): string | undefined {
  if (!(error instanceof MongoServerError) || error.code !== duplicateKey) return undefined;
  return /index: (\S+)/.exec(error.message)?.[1] ?? '';
}

/** What the driver refuses in an address: some of its own errors, some of its parts'. Undefined for any other error. */
export function addressProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message === 'URI malformed') return 'a % in it encodes nothing (write %25 for a percent sign)';
  // It repeats the host, which holds what stands before an @ too many.
  if (error.name === 'MongoRuntimeError') return 'a host or port in it is none';
  return /^Mongo(Parse|InvalidArgument|MissingCredentials|MissingDependency|API)Error$/.test(error.name)
    ? oneLine(error.message)
    : undefined;
}

/** The client was closed or lost its server meanwhile: no fault of the call. */
function isDisconnect(error: Error): boolean {
  return /^Mongo(NotConnected|TopologyClosed|ServerClosed|ClientClosed)Error$/.test(error.name);
}

function isSystem(error: Error): boolean {
  return 'syscall' in error || (error.cause instanceof Error && 'syscall' in error.cause);
}

/** The first thing that went wrong: a selection error carries it per server, a network error as its cause. */
function rootProblem(error: Error): string {
  const { reason } = error as { reason?: { servers?: Map<string, { error?: Error | null }> } };
  const perServer = [...(reason?.servers ?? [])].flatMap(([address, { error: why }]) =>
    why ? [`${address}: ${oneLine(rootMessage(why))}`] : [],
  );
  const told = [...new Set(perServer)];
  return told.length > 0 ? told.join('; ') : oneLine(rootMessage(error));
}

function rootMessage(error: Error): string {
  if (error instanceof MongoNetworkError || error.message === '') {
    const { cause } = error;
    if (cause instanceof Error && cause.message !== '') return cause.message;
  }
  return error.message;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/\.$/, '');
}
