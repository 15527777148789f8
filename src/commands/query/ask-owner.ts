// Asking the process that owns a data folder, over its API, with the token that it left there.

import { request } from 'undici';
import type { Owner } from '../../data-folder/lock.ts';
import { catalogue, type ErrorCode, type ErrorFields, MillraceError } from '../../errors.ts';
import { isAbort } from '../../together.ts';

export type ListeningOwner = Owner & { readonly url: string };

/** Resolves with the JSON of the answer; rejects with the owner's error as it would have been raised here. @throws PipelineGone */
export type Ask = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
) => Promise<unknown>;

export function askOwner(
  { url, token }: ListeningOwner,
  options: {
    readonly folder: string;
    /** How long an answer may take before the owner counts as gone. */
    readonly answerMs: number;
    readonly signal: AbortSignal;
  },
): Ask {
  const { folder, answerMs, signal } = options;
  const gone = (problem: string, cause?: unknown) =>
    new MillraceError('PipelineGone', { folder, problem }, { cause });
  return async (method, path, body) => {
    const answer = await request(new URL(path, url), {
      method,
      signal,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      headersTimeout: answerMs,
    }).catch((error: unknown) => {
      throw isAbort(error, signal) ? error : gone((error as Error).message, error);
    });
    const text = await answer.body.text();
    if (answer.statusCode < 400) return text === '' ? undefined : JSON.parse(text);
    throw errorFrom(text) ?? gone(`it answered ${answer.statusCode}`);
  };
}

/** Undefined when it is none of the catalogue. */
function errorFrom(text: string): MillraceError | undefined {
  const { code, fields } = JSON.parse(text) as { code: string; fields?: ErrorFields };
  return code in catalogue ? new MillraceError(code as ErrorCode, fields ?? {}) : undefined;
}
