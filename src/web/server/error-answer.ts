// What a client is told when a request fails: the catalogue's code, message and remedy, with an HTTP status that
// fits. An error that is none of ours is a fault of the program: logged whole, told without its insides.

import type { FastifyError, FastifyInstance } from 'fastify';
import { type ErrorCode, isMillraceError, MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { ErrorAnswer } from './answers.ts';

/** Where the exit code alone does not give the status. */
const statusOfCode: Partial<Record<ErrorCode, number>> = {
  RouteUnknown: 404,
  NotInLog: 404,
  ResultUnknown: 404,
  FileMissing: 404,
  QueryUnknown: 404,
  UserUnknown: 404,
  TokenUnknown: 404,
  SubscriptionUnknown: 404,
  UserExists: 409,
  TokenExists: 409,
  AccessExists: 409,
  RequestRefused: 403,
  SqlFailed: 422,
  SqlLimit: 422,
  StoreDiffers: 503,
  TopicDiffers: 503,
  DiskFull: 507,
};
/** 2 bad input, 3 environment, 4 data, 1 the rest. */
const statusOfExit: Readonly<Record<number, number>> = { 1: 500, 2: 400, 3: 503, 4: 500 };

export function httpStatus(error: MillraceError): number {
  return statusOfCode[error.code] ?? statusOfExit[error.exitCode] ?? 500;
}

export function errorAnswer(error: MillraceError): ErrorAnswer {
  return { code: error.code, message: error.message, remedy: error.remedy, fields: error.fields };
}

export function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setNotFoundHandler((request) => {
    throw new MillraceError('RouteUnknown', { path: `${request.method} ${request.url.slice(0, 200)}` });
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = isMillraceError(error) ? error : requestProblem(error);
    if (known) return reply.status(httpStatusOf(known, error)).send(errorAnswer(known));
    logger.error({ error, route: request.routeOptions.url }, 'a request failed');
    return reply.status(500).send({
      code: 'Internal',
      message: 'the request failed inside Millrace',
      remedy: 'see the log lines of `millrace run`; nothing was changed',
    } satisfies ErrorAnswer);
  });
}

/** Fastify's own refusals (schema, body too large, media type) keep their status. */
function requestProblem(error: FastifyError): MillraceError | undefined {
  const status = error.statusCode ?? 500;
  if (status < 400 || status >= 500) return undefined;
  return new MillraceError('RequestInvalid', { problem: error.message }, { cause: error });
}

function httpStatusOf(known: MillraceError, thrown: FastifyError): number {
  return thrown === (known as unknown) ? httpStatus(known) : (thrown.statusCode ?? 400);
}
