// What a program prints about itself: structured lines (JSON, one event a line) on standard error.
// While the live panel owns the terminal the lines go to the data folder's file instead.

import { type DestinationStream, type Logger, pino } from 'pino';
import { isMillraceError } from './errors.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** trace | debug | info | warn | error | silent. Default info. */
  readonly level?: string;
  /** Where lines go. Default: standard error. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions = {}): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      errorKey: 'error',
      // What the catalogue knows is told in one line; the stack belongs to faults of the program.
      serializers: {
        error: (error: unknown) =>
          isMillraceError(error)
            ? `${error.code}: ${error.message}`
            : pino.stdSerializers.errWithCause(error as Error),
      },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
}

export const silentLogger: Logger = pino({ level: 'silent' });
