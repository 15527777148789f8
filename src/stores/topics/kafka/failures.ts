// What went wrong at a broker, in the project's words. The client nests causes several levels deep (AggregateErrors of
// responses of connections); here they become one line with one code.

import { MultipleErrors, ProtocolError } from '@platformatic/kafka';
import { isMillraceError, MillraceError } from '../../../errors.ts';

/** The name of Kafka's protocol error, such as NOT_LEADER_OR_FOLLOWER. */
export type BrokerErrorId = string;

/** Every error below and including this one, outermost first. */
function* nested(error: unknown): Generator<Error & { code?: string; apiId?: BrokerErrorId }> {
  if (!(error instanceof Error)) return;
  yield error;
  if (error instanceof AggregateError) for (const each of error.errors) yield* nested(each);
  yield* nested(error.cause);
}

/** Is any of these protocol errors the reason? */
export function isBrokerError(error: unknown, ...ids: readonly BrokerErrorId[]): boolean {
  for (const each of nested(error)) if (each.apiId !== undefined && ids.includes(each.apiId)) return true;
  return false;
}

/** As the client would have raised it, for the error codes that responses carry per partition. */
export function brokerError(code: number, detail: string | null = null): Error {
  return new ProtocolError(code, detail);
}

/** A broker answered with it: the request arrived, and was refused. */
export function isAnswer(error: unknown): boolean {
  for (const each of nested(error)) if (each.apiId !== undefined) return true;
  return false;
}

/** Another publisher of the same id, or the coordinator's timeout, ended this producer's epoch. */
export function isFenced(error: unknown): boolean {
  return isBrokerError(error, 'PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING');
}

const passing: readonly BrokerErrorId[] = [
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_TOPIC_ID',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'BROKER_NOT_AVAILABLE',
  'INVALID_REPLICATION_FACTOR',
];

/** May the same request succeed in a moment, perhaps at another broker? */
export function isPassing(error: unknown): boolean {
  if (isMillraceError(error)) return error.retry && error.code !== 'StoreDenied';
  if (denial(error) || distrust(error)) return false;
  return isAnswer(error) ? isBrokerError(error, ...passing) : hasNetworkCause(error);
}

function hasNetworkCause(error: unknown): boolean {
  for (const { code } of nested(error)) {
    if (code === 'PLT_KFK_NETWORK' || /^E[A-Z]{4,}$/.test(code ?? '')) return true;
  }
  return false;
}

/**
 * The error to raise for `error`: StoreDenied for a wrong login or a missing permission, otherwise StoreUnreachable.
 * Errors of Millrace's own, and errors that are no broker's, stay as they are.
 */
export function storeFailure(error: unknown, store: string, action: string): unknown {
  if (isMillraceError(error)) return error;
  const refused = denial(error);
  if (refused) return new MillraceError('StoreDenied', { store, action, problem: refused }, { cause: error });
  const distrusted = distrust(error);
  if (!distrusted && !isAnswer(error) && !hasNetworkCause(error)) return error;
  const problem = distrusted ?? innermost(error);
  if (isAnswer(error) && !isPassing(error)) {
    return new MillraceError('StoreDenied', { store, action, problem }, { cause: error });
  }
  return new MillraceError('StoreUnreachable', { store, problem }, { cause: error });
}

function denial(error: unknown): string | undefined {
  const all = [...nested(error)];
  const login = all.findIndex(({ code }) => code === 'PLT_KFK_AUTHENTICATION');
  // The client also says so when the connection broke in the middle of the login.
  const interrupted = all
    .slice(login + 1)
    .some(({ code }) => code === 'PLT_KFK_NETWORK' || code === 'PLT_KFK_USER');
  if (login >= 0 && !interrupted) {
    const mechanism = all.some(({ apiId }) => apiId === 'UNSUPPORTED_SASL_MECHANISM');
    return mechanism ? 'it does not offer this SASL mechanism' : 'the user or the password is wrong';
  }
  const refused = all.find(({ apiId }) => apiId?.endsWith('_AUTHORIZATION_FAILED') === true);
  if (!refused) return undefined;
  const thing = refused.apiId?.replace('_AUTHORIZATION_FAILED', '').replaceAll('_', ' ').toLowerCase();
  return `the user has no permission for this ${thing}`;
}

/** Why the broker's certificate is not accepted. */
function distrust(error: unknown): string | undefined {
  for (const { code, message } of nested(error)) {
    const trust = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ALTNAME/.test(code ?? '');
    if (trust) return `its certificate is not accepted: ${message}`;
    if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'it does not speak TLS there';
    if (message === 'Broker requires TLS.') return 'it speaks TLS there: add tls=true to the address';
  }
  return undefined;
}

function innermost(error: unknown): string {
  const login = [...nested(error)].some(({ code }) => code === 'PLT_KFK_AUTHENTICATION');
  if (login) return 'it closed the connection during the login (tls=true may be missing, or be too much)';
  const leaves = [...nested(error)].filter((each) => !(each instanceof MultipleErrors) && !each.cause);
  const texts = leaves.map(({ apiId, message }) => (apiId ? `${message} (${apiId})` : message));
  return [...new Set(texts)].slice(0, 3).join('; ').replace(/\s+/g, ' ') || String(error);
}
