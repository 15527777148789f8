// The batch engine on Spark: windows that are too large for one process. DuckDB checks and binds the SQL, a translation of its
// plan runs as a Spark job over Cassandra's partitions, and the job writes its rows into a staging table of the results store;
// whoever holds the window's claim moves them.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { MillraceError } from '../../errors.ts';
import type { Logger } from '../../logger.ts';
import type { ResultColumn } from '../../stores/results/port.ts';
import type { StoreAddress } from '../../stores/store-url.ts';
import { Binder } from '../bound-plan.ts';
import type { BatchEngine, QueryAnswer, QueryRequest } from '../port.ts';
import { sinkOf, sparkConf } from './conf.ts';
import { Driver, type Job, JobFailed } from './driver.ts';
import { sparkViews } from './log-views.ts';
import { prepareSpark, writeLogging } from './setup.ts';
import { type Translation, translate } from './translate.ts';

const MiB = 1024 * 1024;

export interface SparkEngineOptions {
  /** `local[*]`, `local[2]` or `spark://host:port`. */
  readonly master: string;
  /** Where the log is. */
  readonly cassandra: StoreAddress;
  readonly keyspace: string;
  /** MariaDB, where staging tables are. */
  readonly results: StoreAddress;
  /** Checks every statement before it is translated. Stays the caller's. */
  readonly check: BatchEngine;
  /** Spark's jars: fetched into `<cache>/servers/spark` when they are not there. */
  readonly cache: string;
  readonly sparkHome?: string | undefined;
  /** Exists; what Spark spills goes to a folder of its own in it. */
  readonly tempFolder: string;
  /** Heap of the driver, which does all the work under `local[…]`. Default 700 MiB. */
  readonly driverBytes?: number;
  /** Heap of each executor of a cluster. Default 1 GiB. */
  readonly executorBytes?: number;
  /** Where executors of a cluster find this process. Default: this machine's name. */
  readonly driverHost?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Starts nothing yet: the first job does. */
export async function openSparkEngine(options: SparkEngineOptions): Promise<SparkEngine> {
  return new SparkEngine(await Binder.open(), options);
}

export class SparkEngine implements BatchEngine {
  readonly #binder: Binder;
  readonly #options: SparkEngineOptions;
  readonly #folder: Promise<string>;
  #driver: Promise<Driver> | undefined;

  constructor(binder: Binder, options: SparkEngineOptions) {
    this.#binder = binder;
    this.#options = options;
    this.#folder = mkdir(options.tempFolder, { recursive: true }).then(() =>
      mkdtemp(join(options.tempFolder, 'spark-')),
    );
    // Told to the first job.
    this.#folder.catch(() => undefined);
  }

  async describe(request: Parameters<BatchEngine['describe']>[0]): Promise<readonly ResultColumn[]> {
    const { columns } = await this.#translate(request.sql, request.where);
    return columns;
  }

  async run<T>(request: QueryRequest, use: (answer: QueryAnswer) => Promise<T>): Promise<T> {
    try {
      return await this.#run(request, use);
    } finally {
      await request.scan.release();
    }
  }

  async close(): Promise<void> {
    const driver = await this.#driver?.catch(() => undefined);
    await driver?.close();
    this.#binder.close();
    const folder = await this.#folder.catch(() => undefined);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  async #translate(
    sql: string,
    where: string,
  ): Promise<{ readonly columns: readonly ResultColumn[]; readonly translation: Translation }> {
    const columns = await this.#options.check.describe({ sql, where });
    return { columns, translation: translate(await this.#binder.bind(sql, where), columns, where) };
  }

  async #run<T>(request: QueryRequest, use: (answer: QueryAnswer) => Promise<T>): Promise<T> {
    const { sql, where, scan, limits, signal, staging } = request;
    signal.throwIfAborted();
    const { columns, translation } = await this.#translate(sql, where);
    if (staging === undefined || scan.canonical === undefined) {
      const problem =
        'Spark reads a log in Cassandra and writes windows of processors into MariaDB, nothing else';
      throw new MillraceError('SqlDenied', { where, problem });
    }
    const blocks = scan.canonical.map(({ hash }) => hash.slice(2));
    const staged = await staging.store.stage(staging.table, staging.start);
    try {
      const job = {
        keyspace: this.#options.keyspace,
        blocks,
        views: sparkViews(translation.views),
        sql: translation.sql,
        ordered: translation.ordered,
        limits: { rows: limits.rows, bytes: limits.bytes },
        sink: {
          ...sinkOf(this.#options.results),
          schema: staged.schema,
          table: staged.name,
          columns: columns.map(({ name }) => name),
        },
      };
      await this.#job(job, request);
      signal.throwIfAborted();
      return await use({ columns, rows: noRows(), staged });
    } finally {
      await staging.store.drop(staged);
    }
  }

  async #job(job: Job, { where, limits, signal }: QueryRequest): Promise<void> {
    const { clock } = this.#options;
    const ended = new AbortController();
    const late = new AbortController();
    clock.sleep(limits.timeMs, ended.signal).then(
      () =>
        late.abort(new MillraceError('SqlLimit', { where, problem: `time: ${limits.timeMs} ms are over` })),
      () => undefined, // Ended in time.
    );
    const stop = AbortSignal.any([signal, late.signal]);
    try {
      const driver = await this.#started();
      await driver.run(job, stop);
    } catch (error) {
      stop.throwIfAborted();
      throw error instanceof JobFailed ? this.#explain(error, where) : error;
    } finally {
      ended.abort();
    }
  }

  async #started(): Promise<Driver> {
    this.#driver ??= this.#start();
    const starting = this.#driver;
    const forget = () => {
      if (this.#driver === starting) this.#driver = undefined;
    };
    try {
      const driver = await starting;
      if (driver.alive) return driver;
    } catch (error) {
      forget();
      throw error;
    }
    forget();
    return this.#started();
  }

  async #start(): Promise<Driver> {
    const { executorBytes = 1_024 * MiB, driverBytes = 700 * MiB, clock, logger } = this.#options;
    const { classPath, shipped } = await prepareSpark(this.#options);
    const tempFolder = await this.#folder;
    const loggingFile = await writeLogging(tempFolder);
    const conf = sparkConf({ ...this.#options, shipped, tempFolder, executorBytes });
    return new Driver({ classPath, heapBytes: driverBytes, loggingFile, tempFolder, conf, clock, logger });
  }

  #explain({ kind, message }: JobFailed, where: string): MillraceError {
    const { cassandra, results, master } = this.#options;
    switch (kind) {
      case 'denied':
        return new MillraceError('SqlDenied', { where, problem: message });
      case 'limit':
        return new MillraceError('SqlLimit', { where, problem: message });
      case 'cassandra':
        return new MillraceError('StoreUnreachable', { store: cassandra.name, problem: message });
      case 'mariadb':
        return new MillraceError('StoreUnreachable', { store: results.name, problem: message });
      case 'spark':
        return new MillraceError('SparkUnusable', { problem: `${master}: ${message}` });
      default:
        return new MillraceError('SqlFailed', { where, problem: message });
    }
  }
}

/** They are in the staging table. */
async function* noRows(): AsyncGenerator<readonly []> {}
