// JSON-RPC 2.0 on the wire: calls to text, and a parsed answer back to one outcome per call. Everything that a
// node can get wrong about the envelope is named here; the results inside are checked by who asked for them.

import { isMillraceError, MillraceError } from '../../errors.ts';
import type { RpcCall, RpcOutcome } from './transport.ts';

/** JSON-RPC "method not found". */
const METHOD_NOT_FOUND = -32601;
/** Nodes and proxies that use another code say it in words: "the method … does not exist/is not available". */
const UNSUPPORTED =
  /method\b.*\b(not found|not supported|unsupported|does not exist|not available|not enabled)|(unsupported|unknown) method/i;
/** A node's own words are quoted, but not whole pages of them. */
const MAX_QUOTED = 200;

/** One call travels alone, several as a batch; ids count up from `firstId`. */
export function encodeCalls(calls: readonly RpcCall[], firstId: number): string {
  const [only] = calls;
  if (calls.length === 1 && only) return encodeCall(only, firstId);
  return `[${calls.map((call, at) => encodeCall(call, firstId + at)).join(',')}]`;
}

function encodeCall(call: RpcCall, id: number): string {
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(call.method)},"params":${JSON.stringify(call.params)}}`;
}

/** What the calls are called in an error: the first method, and how many more came with it. */
export function describeCalls(calls: readonly RpcCall[]): string {
  const first = calls[0]?.method ?? 'nothing';
  return calls.length > 1 ? `${first} (batch of ${calls.length})` : first;
}

export interface AnswerContext {
  readonly endpoint: string;
  readonly calls: readonly RpcCall[];
  readonly firstId: number;
}

/** @throws RpcMalformed when it is not JSON. */
export function parseAnswer(text: string, context: Pick<AnswerContext, 'endpoint' | 'calls'>): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // A web page or a proxy's message is worth quoting: it tells what really listens there.
    const problem = looksCut(text)
      ? `the JSON is cut after ${text.length} characters`
      : `not JSON, it begins with ${quote(text.slice(0, 80))}`;
    throw malformed(context, problem, cause);
  }
}

/** Matches answers to calls by id, in whatever order they came. @throws RpcMalformed, RpcRefused, RpcUnsupported */
export function matchAnswers(parsed: unknown, context: AnswerContext): readonly RpcOutcome[] {
  const { calls, firstId } = context;
  if (calls.length === 1 && !Array.isArray(parsed)) return [outcomeOf(parsed, context, firstId)];
  if (!Array.isArray(parsed)) {
    // A batch refused as a whole comes back as one error, mostly with a null id.
    const error = isObject(parsed)
      ? errorOf(parsed.error, describeCalls(calls), context.endpoint)
      : undefined;
    throw error ?? malformed(context, 'the answer to a batch is no list');
  }
  if (parsed.length !== calls.length) {
    const refusal = parsed.length === 1 && isObject(parsed[0]) ? parsed[0].error : undefined;
    throw (
      errorOf(refusal, describeCalls(calls), context.endpoint) ??
      malformed(context, `${parsed.length} answers to ${calls.length} calls`)
    );
  }
  const outcomes: RpcOutcome[] = new Array(calls.length);
  let ordered = true;
  for (let at = 0; at < parsed.length && ordered; at += 1) {
    const answer: unknown = parsed[at];
    ordered = isObject(answer) && answer.id === firstId + at;
    if (ordered) outcomes[at] = outcomeOf(answer, context, firstId + at);
  }
  return ordered ? outcomes : matchById(parsed, context);
}

function matchById(parsed: readonly unknown[], context: AnswerContext): readonly RpcOutcome[] {
  const { calls, firstId } = context;
  const byId = new Map<unknown, unknown>();
  for (const answer of parsed) {
    if (!isObject(answer)) throw malformed(context, 'an answer in the batch is no object');
    if (byId.has(answer.id)) throw malformed(context, `two answers with id ${quote(answer.id)}`);
    byId.set(answer.id, answer);
  }
  return calls.map((_, at) => {
    if (!byId.has(firstId + at)) throw malformed(context, `no answer with id ${firstId + at}`);
    return outcomeOf(byId.get(firstId + at), context, firstId + at);
  });
}

function outcomeOf(answer: unknown, context: AnswerContext, id: number): RpcOutcome {
  const call = context.calls[id - context.firstId] ?? context.calls[0];
  const method = call?.method ?? 'nothing';
  if (!isObject(answer)) throw malformed(context, 'the answer is no object');
  const error = errorOf(answer.error, method, context.endpoint);
  // Errors that a node raises before it reads the request have a null id; they can only belong to this call.
  if (answer.id !== id && !(error && answer.id === null && context.calls.length === 1)) {
    throw malformed(context, `answer with id ${quote(answer.id)} to the call with id ${id}`);
  }
  if (error) return { error };
  if (answer.result === undefined) throw malformed(context, 'neither a result nor an error');
  return { result: answer.result };
}

/** The error that a node's `error` member stands for, if it is one. `fields.rpcCode` keeps the node's code. */
function errorOf(error: unknown, method: string, endpoint: string): MillraceError | undefined {
  if (error === undefined || error === null) return undefined;
  const code = isObject(error) && typeof error.code === 'number' ? error.code : 0;
  const message =
    isObject(error) && typeof error.message === 'string' ? error.message : JSON.stringify(error);
  if (code === METHOD_NOT_FOUND || UNSUPPORTED.test(message)) {
    return new MillraceError('RpcUnsupported', { endpoint, method, rpcCode: code });
  }
  const problem = `${shorten(message)} (code ${code})`;
  return new MillraceError('RpcRefused', { endpoint, method, problem, rpcCode: code });
}

export function malformed(
  context: Pick<AnswerContext, 'endpoint' | 'calls'>,
  problem: string,
  cause?: unknown,
): MillraceError {
  const fields = { endpoint: context.endpoint, method: describeCalls(context.calls), problem };
  return new MillraceError('RpcMalformed', fields, cause === undefined ? {} : { cause });
}

/** The result of an outcome. @throws the error it holds. */
export function resultOf(outcome: RpcOutcome | undefined): unknown {
  if (!outcome) return undefined;
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}

/** Was this call refused because the node does not know the method? */
export function isUnsupported(outcome: RpcOutcome | undefined): boolean {
  return outcome !== undefined && 'error' in outcome && isMillraceError(outcome.error, 'RpcUnsupported');
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function looksCut(text: string): boolean {
  return /^\s*[[{]/.test(text) && !/[\]}]\s*$/.test(text);
}

function quote(value: unknown): string {
  return shorten(JSON.stringify(value) ?? 'nothing');
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line;
}
