// The batch engine on DuckDB: each query has a database of its own that holds nothing but what it may see. The results
// stream out in chunks; time, rows and memory are bounded, and a signal ends it at once.

import { cpus } from 'node:os';
import { type DuckDBConnection, DuckDBInstance, type DuckDBPreparedStatement } from '@duckdb/node-api';
import type { Clock } from '../clock.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import type { ResultColumn, ResultTable } from '../stores/results/port.ts';
import { checkAmountCasts } from './amount-casts.ts';
import { Binder } from './bound-plan.ts';
import { logViews, makeLogTables } from './log-tables.ts';
import type { BatchEngine, QueryAnswer, QueryRequest } from './port.ts';
import { type ReadColumns, readColumns } from './read-columns.ts';
import { readRows } from './read-rows.ts';
import { makeResultTables, resultTableName } from './result-tables.ts';
import { type ResultForm, resultForm, resultHint } from './result-values.ts';
import { explainDuckDb } from './run-errors.ts';
import { Session } from './session.ts';
import { guardSql } from './sql-guard.ts';

const MiB = 1024 * 1024;
const INTERRUPT_MS = 50;

export interface DuckDbEngineOptions {
  /** Per query. Default: half of the processors, at least 1. */
  readonly threads?: number;
  /** The most that one query gets, whatever its limits say. Default 512 MiB. */
  readonly memoryBytes?: number;
  /** Where queries spill; exists. */
  readonly tempFolder: string;
  readonly clock: Clock;
  /** Default true. Without them SQL that reads logs or transfers is refused. */
  readonly logs?: boolean;
}

/** Only parses: it reads nothing, and no statement of a person's runs in it. */
export async function openDuckDbEngine(options: DuckDbEngineOptions): Promise<BatchEngine> {
  const parser = await DuckDBInstance.create(':memory:', { threads: '1', enable_external_access: 'false' });
  return new DuckDbEngine(parser, await parser.connect(), await Binder.open(), options);
}

class DuckDbEngine implements BatchEngine {
  readonly #parser: DuckDBInstance;
  readonly #parsing: DuckDBConnection;
  readonly #binder: Binder;
  readonly #options: DuckDbEngineOptions;
  readonly #memoryBytes: number;
  readonly #threads: number;

  constructor(
    parser: DuckDBInstance,
    parsing: DuckDBConnection,
    binder: Binder,
    options: DuckDbEngineOptions,
  ) {
    this.#parser = parser;
    this.#parsing = parsing;
    this.#binder = binder;
    this.#options = options;
    this.#memoryBytes = options.memoryBytes ?? 512 * MiB;
    this.#threads = options.threads ?? Math.max(1, cpus().length >> 1);
  }

  async describe(options: Parameters<BatchEngine['describe']>[0]): Promise<readonly ResultColumn[]> {
    const { sql, where, resultTables = [] } = options;
    const used = await this.#guard(sql, where, resultTables);
    const session = await this.#session(this.#memoryBytes);
    try {
      await makeLogTables(session.connection, { used });
      await makeResultTables(session.connection, { used, tables: resultTables });
      await session.shut([]);
      await checkAmountCasts(session.connection, { sql, where });
      const statement = await session.connection.prepare(sql);
      const { columns } = resultColumns(statement, where);
      statement.destroySync();
      return columns;
    } catch (error) {
      throw explainDuckDb(error, where);
    } finally {
      await session.close();
    }
  }

  async run<T>(request: QueryRequest, use: (answer: QueryAnswer) => Promise<T>): Promise<T> {
    try {
      return await this.#run(request, use);
    } finally {
      await request.scan.release();
    }
  }

  async close(): Promise<void> {
    this.#binder.close();
    this.#parsing.closeSync();
    this.#parser.closeSync();
  }

  async #run<T>(request: QueryRequest, use: (answer: QueryAnswer) => Promise<T>): Promise<T> {
    const { sql, where, limits, signal, results } = request;
    signal.throwIfAborted();
    const watch = this.#watch(request);
    try {
      const used = await this.#guard(sql, where, results?.tables ?? []);
      watch.signal.throwIfAborted();
      const session = await this.#session(Math.min(limits.memoryBytes, this.#memoryBytes));
      try {
        watch.interrupts(session.connection);
        const { statement, columns, forms } = await this.#prepare(session, used, request, watch.signal);
        return await use({ columns, rows: readRows(statement, forms, request, watch.signal) });
      } finally {
        watch.end();
        await session.close();
      }
    } finally {
      watch.end();
    }
  }

  async #prepare(session: Session, used: ReadonlySet<string>, request: QueryRequest, signal: AbortSignal) {
    const { sql, where, scan, limits, window, results } = request;
    const { connection } = session;
    try {
      signal.throwIfAborted();
      const columns = await this.#columns(sql, where);
      await makeLogTables(connection, { used, scan, window, columns, signal });
      if (results !== undefined) await makeResultTables(connection, { used, ...results, signal });
      await session.shut(Object.values(scan.files).flat());
      await checkAmountCasts(connection, { sql, where });
      signal.throwIfAborted();
      const statement = await connection.prepare(sql);
      signal.throwIfAborted();
      return { statement, ...resultColumns(statement, where) };
    } catch (error) {
      signal.throwIfAborted();
      throw explainDuckDb(error, where, limits);
    }
  }

  /** What the SQL reads of the log; undefined (all) of SQL over result tables, which only its session can bind. */
  async #columns(sql: string, where: string): Promise<ReadColumns | undefined> {
    try {
      return readColumns(await this.#binder.bind(sql, where));
    } catch (error) {
      if (isMillraceError(error)) return undefined;
      throw error;
    }
  }

  #guard(sql: string, where: string, tables: readonly ResultTable[]): Promise<ReadonlySet<string>> {
    const { logs = true } = this.#options;
    const views = logs ? logViews : logViews.filter((view) => view !== 'logs' && view !== 'transfers');
    const known = new Set([...views, ...tables.map(resultTableName)]);
    return guardSql(this.#parsing, { sql, where, tables: known });
  }

  #session(memoryBytes: number): Promise<Session> {
    return Session.open({ threads: this.#threads, memoryBytes, tempFolder: this.#options.tempFolder });
  }

  /**
   * From now on, what ends the query: its time is up or the caller gives up. The signal's reason says which. Its
   * connection is interrupted once there is one.
   */
  #watch({ where, limits, signal }: QueryRequest) {
    const { clock } = this.#options;
    const watched = new AbortController();
    const done = new AbortController();
    let connection: DuckDBConnection | undefined;
    // DuckDB forgets an interrupt that comes just before a query begins, so it is told until it has ended.
    const interrupt = async () => {
      while (connection !== undefined && !done.signal.aborted) {
        connection.interrupt();
        await clock.sleep(INTERRUPT_MS, done.signal).catch(() => undefined); // Ended.
      }
    };
    const stop = (reason: unknown) => {
      if (watched.signal.aborted) return;
      watched.abort(reason);
      void interrupt();
    };
    const given = () => stop(signal.reason);
    signal.addEventListener('abort', given, { once: true });
    clock.sleep(limits.timeMs, done.signal).then(
      () => stop(new MillraceError('SqlLimit', { where, problem: `time: ${limits.timeMs} ms are over` })),
      () => undefined, // Ended in time.
    );
    return {
      signal: watched.signal,
      interrupts: (opened: DuckDBConnection) => {
        connection = opened;
        if (watched.signal.aborted) void interrupt();
      },
      end: () => {
        signal.removeEventListener('abort', given);
        done.abort();
      },
    };
  }
}

function resultColumns(
  statement: DuckDBPreparedStatement,
  where: string,
): { readonly columns: readonly ResultColumn[]; readonly forms: readonly ResultForm[] } {
  const columns: ResultColumn[] = [];
  const forms: ResultForm[] = [];
  const names = new Set<string>();
  for (let at = 0; at < statement.columnCount; at++) {
    const name = statement.columnName(at);
    const type = statement.columnType(at);
    const form = resultForm(type);
    if (form === undefined) {
      const problem = `column ${name} is a ${type}, which no result table holds; ${resultHint(type)}`;
      throw new MillraceError('SqlInvalid', { where, problem });
    }
    if (names.has(name.toLowerCase())) {
      throw new MillraceError('SqlInvalid', {
        where,
        problem: `two columns are named ${name}; name one with AS`,
      });
    }
    names.add(name.toLowerCase());
    columns.push({ name, type: form.type });
    forms.push(form);
  }
  return { columns, forms };
}
