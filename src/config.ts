// What is set outside the command line: config.yaml (settings) and .env (secrets) of the working folder, and the
// environment, which wins over both. The only place that reads process.env.

import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
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
  /** Where a role alone listens: stream.host, stream.port, and so on. */
  role(name: 'stream' | 'record' | 'process' | 'web'): {
    readonly host?: string | undefined;
    readonly port?: number | undefined;
  };
  /** Spark for windows that are too large for one process: MILLRACE_SPARK_MASTER, spark.master, … */
  readonly spark: {
    /** `local[*]` or `spark://host:port`; without one there is no Spark. */
    readonly master: string | undefined;
    /** An installed Spark, instead of jars that are fetched. */
    readonly home: string | undefined;
    /** The most that DuckDB takes of one window with `engine: auto`. */
    readonly windowBytes: number | undefined;
  };
  /** What the operator is told by whoever runs it on a cluster. */
  readonly operator: {
    /** Its own image, of which the roles run too: MILLRACE_IMAGE. Default: millrace:VERSION. */
    readonly image: string | undefined;
    /** Its pod, by which events and the lease name it: POD_NAME. Default: the host's name. */
    readonly podName: string;
  };
  /** Where what is fetched is kept: MILLRACE_CACHE. Default: .cache of the project. */
  readonly cacheFolder: string;
  /** The value of a Secret's key on a laptop: the variable NAME_KEY. @throws SecretMissing */
  secret(name: string, key: string): string;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
const closed = { additionalProperties: false };

const listening = {
  host: Type.Optional(Type.String({ minLength: 1, description: 'Address that it listens on.' })),
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, description: 'Port that it listens on.' })),
};
const role = Type.Optional(Type.Object(listening, closed));

const fileSchema = Type.Object(
  {
    stream: role,
    record: role,
    process: role,
    web: role,
    run: Type.Optional(
      Type.Object(
        {
          ...listening,
          data: Type.Optional(Type.String({ minLength: 1, description: 'The data folder.' })),
        },
        closed,
      ),
    ),
    spark: Type.Optional(
      Type.Object(
        {
          master: Type.Optional(
            Type.String({
              pattern: '^(local\\[([0-9]+|\\*)\\]|spark://.+)$',
              description: 'Master of the Spark that runs windows.',
              examples: ['local[*]', 'spark://spark-master:7077'],
            }),
          ),
          home: Type.Optional(Type.String({ minLength: 1, description: 'Folder of an installed Spark.' })),
          windowBytes: Type.Optional(
            Type.Integer({ minimum: 1, description: 'The most that DuckDB takes of one window, in bytes.' }),
          ),
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
    role: (name) => file[name] ?? {},
    spark: {
      master: variables.MILLRACE_SPARK_MASTER ?? file.spark?.master,
      home: variables.SPARK_HOME ?? file.spark?.home,
      windowBytes: file.spark?.windowBytes,
    },
    operator: {
      image: variables.MILLRACE_IMAGE || undefined,
      podName: variables.POD_NAME || hostname(),
    },
    cacheFolder: variables.MILLRACE_CACHE ?? join(import.meta.dirname, '../.cache'),
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
