// From the text of a request (one call or a batch) to the parts of its answer, with the faults that a test asked for.

import type { Intercept, TransportFault } from './intercept.ts';
import { type JsonText, RpcFailure, type RpcMethod, rpcCode } from './rpc-methods.ts';

export interface AnswerOptions {
  readonly methods: ReadonlyMap<string, RpcMethod>;
  /** Methods that only this connection has (subscriptions). */
  readonly own?: ReadonlyMap<string, RpcMethod>;
  readonly intercept?: Intercept | undefined;
  readonly onCall: (method: string) => void;
  /** The calls of a batch after so much are refused: all of an answer stays in memory until it is sent. */
  readonly maxAnswerBytes: number;
}

export interface Answer {
  /** Empty when every call was a notification. */
  readonly parts: readonly JsonText[];
  readonly fault?: TransportFault;
}

interface Call {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: unknown;
}

/** Calls in one batch; geth's default is 1000. */
const maxBatch = 10_000;

export async function answer(body: string, options: AnswerOptions): Promise<Answer> {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch (error) {
    return { parts: failure(null, rpcCode.parse, error instanceof Error ? error.message : 'parse error') };
  }
  if (!Array.isArray(request)) return answerCall(request, options);
  if (request.length === 0 || request.length > maxBatch)
    return { parts: failure(null, rpcCode.invalidRequest, `a batch holds 1 to ${maxBatch} calls`) };
  const parts: JsonText[] = [];
  let fault: TransportFault | undefined;
  let bytes = 0;
  for (const call of request) {
    if (bytes > options.maxAnswerBytes) {
      const id = isCall(call) ? (call.id ?? null) : null;
      parts.push(',', ...failure(id, rpcCode.tooLarge, 'response too large'));
      continue;
    }
    const one = await answerCall(call, options);
    fault ??= one.fault;
    if (one.parts.length === 0) continue;
    bytes += one.parts.reduce((sum, part) => sum + part.length, 0);
    parts.push(parts.length === 0 ? '[' : ',', ...one.parts);
  }
  if (parts.length > 0) parts.push(']');
  return fault ? { parts, fault } : { parts };
}

async function answerCall(call: unknown, options: AnswerOptions): Promise<Answer> {
  if (!isCall(call)) return { parts: failure(null, rpcCode.invalidRequest, 'invalid request') };
  options.onCall(call.method);
  const id = call.id ?? null;
  const params = Array.isArray(call.params) ? call.params : [];
  const fault = await options.intercept?.(call.method, params);
  if (fault && 'error' in fault) return { parts: failure(id, fault.error.code, fault.error.message) };
  if (fault && 'result' in fault) return { parts: success(id, JSON.stringify(fault.result)) };
  const parts = run(call.method, id, params, options);
  const wanted = call.id === undefined ? [] : parts;
  return fault ? { parts: wanted, fault } : { parts: wanted };
}

function run(
  name: string,
  id: unknown,
  params: readonly unknown[],
  options: AnswerOptions,
): readonly JsonText[] {
  const method = options.own?.get(name) ?? options.methods.get(name);
  if (!method)
    return failure(id, rpcCode.unknownMethod, `the method ${name} does not exist/is not available`);
  try {
    return success(id, method(params));
  } catch (error) {
    if (error instanceof RpcFailure) return failure(id, error.code, error.message);
    return failure(id, rpcCode.internal, error instanceof Error ? error.message : String(error));
  }
}

function success(id: unknown, result: JsonText): readonly JsonText[] {
  return [`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`, result, '}'];
}

function failure(id: unknown, code: number, message: string): readonly JsonText[] {
  return [JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })];
}

function isCall(value: unknown): value is Call {
  return (
    typeof value === 'object' &&
    value !== null &&
    'method' in value &&
    typeof value.method === 'string' &&
    (!('params' in value) || value.params === undefined || Array.isArray(value.params)) &&
    (!('id' in value) || ['string', 'number', 'object'].includes(typeof value.id))
  );
}
