// What a Spark driver is started from: Spark's jars and the connector's, fetched by Maven once, and Millrace's own classes
// (spark/*.java), compiled once for each state of their text.

import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';

const run = promisify(execFile);
const sources = fileURLToPath(new URL('../../../spark/', import.meta.url));
const COMMAND_MS = 10 * 60_000;

/** What executors of a Spark of one's own lack. */
const beyondSpark =
  /^(spark-cassandra-connector|java-driver|native-protocol|config-|reactive-streams|HdrHistogram|mariadb-java-client|scala-reflect|metrics-core)/;

export interface SparkJars {
  /** Of the driver, as `java -cp` takes it. */
  readonly classPath: string;
  /** Files that executors are sent. */
  readonly shipped: readonly string[];
}

export interface SparkSetupOptions {
  /** Fetched and compiled files stay here: `<cache>/servers/spark`. */
  readonly cache: string;
  /** A Spark 3.5 of one's own (its `jars` folder is used), Scala 2.12. Default: fetched. */
  readonly sparkHome?: string | undefined;
  readonly logger: Logger;
}

/** @throws SparkUnusable */
export async function prepareSpark({ cache, sparkHome, logger }: SparkSetupOptions): Promise<SparkJars> {
  const folder = join(cache, 'servers', 'spark');
  const lib = join(folder, 'lib');
  await mkdir(folder, { recursive: true });
  if (!(await isFetched(lib))) {
    logger.info({ folder: lib }, 'fetching the jars of Spark (230 MB)');
    await fetchJars(folder, lib);
  }
  const own = await compile(folder, lib, logger);
  const beyond = (await readdir(lib)).filter((name) => beyondSpark.test(name)).map((name) => join(lib, name));
  const shipped = [own, ...beyond];
  const classPath =
    sparkHome === undefined ? [own, join(lib, '*')] : [...shipped, join(sparkHome, 'jars', '*')];
  return { classPath: classPath.join(':'), shipped };
}

async function isFetched(lib: string): Promise<boolean> {
  const names = await readdir(lib).catch(() => []);
  const needed = ['spark-sql_', 'spark-cassandra-connector_', 'mariadb-java-client-'];
  return needed.every((prefix) => names.some((name) => name.startsWith(prefix)));
}

/** All of them or none: a folder that was left half full is not taken for a whole one. */
async function fetchJars(folder: string, lib: string): Promise<void> {
  const fresh = join(folder, `lib-${randomBytes(6).toString('hex')}`);
  try {
    await command('mvn', [
      '-B',
      '-q',
      '-f',
      join(sources, 'pom.xml'),
      'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${fresh}`,
    ]);
    // Another process may have fetched them meanwhile, and use them.
    if (await isFetched(lib)) return;
    await rm(lib, { recursive: true, force: true });
    await rename(fresh, lib).catch(async (error: unknown) => {
      if (!(await isFetched(lib))) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function compile(folder: string, lib: string, logger: Logger): Promise<string> {
  const names = (await readdir(sources)).filter((name) => name.endsWith('.java')).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(name).update(await readFile(join(sources, name)));
  const stamp = hash.digest('hex');
  const jar = join(folder, `millrace-spark-${stamp.slice(0, 16)}.jar`);
  if ((await readdir(folder)).some((name) => jar.endsWith(name))) return jar;
  logger.info({ jar }, 'compiling what Spark runs');
  const fresh = join(folder, `classes-${randomBytes(6).toString('hex')}`);
  try {
    const files = names.map((name) => join(sources, name));
    await command('javac', [
      '--release',
      '17',
      '-encoding',
      'UTF-8',
      '-d',
      fresh,
      '-cp',
      join(lib, '*'),
      ...files,
    ]);
    await command('jar', ['cf', `${fresh}.jar`, '-C', fresh, '.']);
    await rename(`${fresh}.jar`, jar);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return jar;
}

async function command(name: string, args: readonly string[]): Promise<void> {
  try {
    await run(name, args, { timeout: COMMAND_MS, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { code, stderr = '', stdout = '' } = error as { code?: unknown; stderr?: string; stdout?: string };
    const said = `${stderr}\n${stdout}`.trim().split('\n')[0]?.slice(0, 300) ?? '';
    const problem = code === 'ENOENT' ? `there is no ${name}` : `${name} failed: ${said}`;
    throw new MillraceError('SparkUnusable', { problem }, { cause: error });
  }
}

/** A log4j2 configuration: warnings on standard error. */
export async function writeLogging(folder: string): Promise<string> {
  const file = join(folder, 'log4j2.properties');
  const lines = [
    'rootLogger.level = warn',
    'rootLogger.appenderRef.err.ref = err',
    'appender.err.type = Console',
    'appender.err.name = err',
    'appender.err.target = SYSTEM_ERR',
    'appender.err.layout.type = PatternLayout',
    'appender.err.layout.pattern = %p %c{1}: %m%n',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}
