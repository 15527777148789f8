// Calls to the server that the page came from. A refusal becomes an ApiError with the catalogue's words.

import type { ErrorAnswer } from '../server/answers.ts';

export class ApiError extends Error {
  readonly code: string;
  readonly remedy: string;
  /** HTTP status; 0 when the server could not be reached. */
  readonly status: number;

  constructor(answer: ErrorAnswer, status: number) {
    super(answer.message);
    this.code = answer.code;
    this.remedy = answer.remedy;
    this.status = status;
  }
}

/** @throws ApiError */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answerOf<T>(fetch(path, signal ? { signal } : {}));
}

/** @throws ApiError */
export async function postJson<T>(path: string, body: unknown): Promise<T> {
  return answerOf<T>(
    fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
}

/** For what answers with nothing. @throws ApiError */
export async function putJson(path: string, body: unknown): Promise<void> {
  await answerOf<unknown>(
    fetch(path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
}

/** @throws ApiError */
export async function deleteJson<T>(path: string): Promise<T> {
  return answerOf<T>(fetch(path, { method: 'DELETE' }));
}

async function answerOf<T>(call: Promise<Response>): Promise<T> {
  const response = await call.catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(
      {
        code: 'Unreachable',
        message: 'Millrace does not answer',
        remedy: 'see whether `millrace run` is still running',
      },
      0,
    );
  });
  const body: unknown = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new ApiError(body as ErrorAnswer, response.status);
  return body as T;
}
