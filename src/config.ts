// What is set outside the command line: config.yaml (settings) and .env (secrets) of the working folder, and the
// environment, which wins over both. The only place that reads process.env.

import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { load, YAMLException } from 'js-yaml';
import { type Static, Type } from 'typebox';
import { findProblems } from './api/problems.ts';
import { MillraceError } from './errors.ts';

export interface Config {
  /** Colours may be used on a terminal (NO_COLOR is not set). */
  readonly colours: boolean;
  /** trace | debug | info | warn | error | silent: MILLRACE_LOG_LEVEL, log.level. Default info. */
  readonly logLevel: string;
  /** Where `run` keeps its data: MILLRACE_DATA, run.data. Default: data/<pipeline>. */
  readonly dataFolder: string | undefined;
  /** Where the pages listen: run.host, run.port. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** The value of a Secret's key on a laptop: the variable NAME_KEY. @throws SecretMissing */
  secret(name: string, key: string): string;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
const closed = { additionalProperties: false };

const fileSchema = Type.Object(
  {
    run: Type.Optional(
      Type.Object(
        {
          host: Type.Optional(
            Type.String({ minLength: 1, description: 'Address that the pages listen on.' }),
          ),
          port: Type.Optional(
            Type.Integer({ minimum: 0, maximum: 65_535, description: 'Port of the pages.' }),
          ),
          data: Type.Optional(Type.String({ minLength: 1, description: 'The data folder.' })),
        },
        closed,
      ),
    ),
    log: Type.Optional(
      Type.Object(
        {
          level: Type.Optional(
            Type.Union(
              logLevels.map((level) => Type.Literal(level)),
              { examples: logLevels },
            ),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
);

/** @throws ConfigInvalid */
export function readConfig(): Config {
  const file = readFile('config.yaml');
  const dotenv = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  const variables: Readonly<Record<string, string | undefined>> = { ...dotenv, ...process.env };
  const logLevel = variables.MILLRACE_LOG_LEVEL ?? file.log?.level ?? 'info';
  if (!(logLevels as readonly string[]).includes(logLevel)) {
    const problem = `MILLRACE_LOG_LEVEL is ${logLevel}, not one of ${logLevels.join(', ')}`;
    throw new MillraceError('ConfigInvalid', { file: 'the environment', count: 1 }, { details: [problem] });
  }
  return {
    colours: !variables.NO_COLOR,
    logLevel,
    dataFolder: variables.MILLRACE_DATA ?? file.run?.data,
    host: file.run?.host,
    port: file.run?.port,
    secret: (name, key) => {
      const variable = `${name}_${key}`.toUpperCase().replace(/[^A-Z0-9]/g, '_');
      const value = variables[variable];
      if (!value) throw new MillraceError('SecretMissing', { name, key, variable });
      return value;
    },
  };
}

function readFile(file: string): Static<typeof fileSchema> {
  if (!existsSync(file)) return {};
  let content: unknown;
  try {
    content = load(readFileSync(file, 'utf8'));
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const problem = `${cause.reason} at line ${(cause.mark?.line ?? 0) + 1}`;
    throw new MillraceError('ConfigInvalid', { file, count: 1 }, { cause, details: [problem] });
  }
  const problems = findProblems(fileSchema, content);
  if (problems.length > 0) {
    const details = problems.map(({ path, problem }) => `${path} ${problem}`);
    throw new MillraceError('ConfigInvalid', { file, count: problems.length }, { details });
  }
  return content as Static<typeof fileSchema>;
}
