// Connections to MariaDB: a bounded few that are kept and shared, and separate ones for long streams. Each talks UTC, utf8mb4
// and strict SQL whatever the server's defaults are. Of several hosts the first that answers is taken.

import { type Connection, type ConnectionConfig, createConnection } from 'mariadb';
import { MillraceError } from '../../../errors.ts';
import type { StoreAddress } from '../../store-url.ts';
import { explain, isLost, isSqlError } from './explain.ts';
import { createSeats } from './seats.ts';

export type { Connection } from 'mariadb';

export interface Connections {
  /** The address without its password. */
  readonly store: string;
  /**
   * Runs `work` with a connection of its own, and tells the driver's errors in the catalogue's words: `action` is what
   * was asked, `where` whose rows. @throws StoreUnreachable, StoreDenied, StoreDiffers, SqlFailed
   */
  use<T>(doing: UseOptions, work: (connection: Connection) => Promise<T>): Promise<T>;
  /** The same for what comes piece by piece, on a connection that nobody else gets. */
  stream<T>(doing: UseOptions, work: (connection: Connection) => AsyncIterable<T>): AsyncIterable<T>;
  close(): Promise<void>;
}

export interface UseOptions {
  readonly action: string;
  readonly where?: string;
  /** For a statement or stream that may be silent for minutes: not one of the shared connections. */
  readonly long?: boolean;
}

const SHARED = 8;
const LONG = 4;
const CONNECT_MS = 5_000;
/** A server that says nothing for this long is gone. */
const SILENCE_MS = 60_000;
const LONG_SILENCE_MS = 15 * 60_000;
/** A connection that was idle for longer is tried before it is used. */
const FRESH_MS = 1_000;

const session = [
  "time_zone = '+00:00'",
  "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  'autocommit = 1',
  // A process that froze in mid-transaction gives its locks back.
  'idle_transaction_timeout = 30',
  'innodb_lock_wait_timeout = 20',
  'net_write_timeout = 600',
  // Hundreds of text columns are allowed as long as their rows fit: short ones do.
  'innodb_strict_mode = OFF',
];

const sessionSql = [`SET ${session.join(', ')}`, 'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'];

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

export function createConnections(address: StoreAddress, database: string | undefined): Connections {
  const idle: Idle[] = [];
  const shared = createSeats(SHARED, address.name);
  const long = createSeats(LONG, address.name);
  let isClosed = false;

  const take = async (): Promise<Connection> => {
    for (let kept = idle.pop(); kept; kept = idle.pop()) {
      const { connection } = kept;
      if (
        connection.isValid() &&
        (performance.now() - kept.since < FRESH_MS || (await answers(connection)))
      ) {
        return connection;
      }
      connection.destroy();
    }
    return connect(address, database, SILENCE_MS);
  };

  const give = (connection: Connection): void => {
    if (isClosed || !connection.isValid()) connection.destroy();
    else idle.push({ connection, since: performance.now() });
  };

  return {
    store: address.name,
    use: async ({ long: isLong = false, ...doing }, work) => {
      const leave = await (isLong ? long : shared).sit();
      try {
        const connection = isLong ? await connect(address, database, LONG_SILENCE_MS) : await take();
        let isSound = !isLong;
        try {
          return await work(connection);
        } catch (error) {
          isSound = isSound && !isLost(error);
          throw error;
        } finally {
          if (isSound) give(connection);
          else connection.destroy();
        }
      } catch (error) {
        throw explain(error, { store: address.name, ...doing });
      } finally {
        leave();
      }
    },
    stream: async function* (doing, work) {
      const leave = await long.sit();
      let connection: Connection | undefined;
      try {
        connection = await connect(address, database, LONG_SILENCE_MS);
        yield* work(connection);
      } catch (error) {
        throw explain(error, { store: address.name, ...doing });
      } finally {
        // What was not read is not waited for.
        connection?.destroy();
        leave();
      }
    },
    close: async () => {
      isClosed = true;
      await Promise.all(
        idle.splice(0).map(({ connection }) => connection.end().catch(() => connection.destroy())),
      );
    },
  };
}

async function connect(
  { hosts, user, password, tls, name }: StoreAddress,
  database: string | undefined,
  silenceMs: number,
): Promise<Connection> {
  const config: ConnectionConfig = {
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(tls && { ssl: { rejectUnauthorized: true, ...(tls.ca !== undefined && { ca: tls.ca }) } }),
    ...{ collation: 'UTF8MB4_BIN', connectTimeout: CONNECT_MS, socketTimeout: silenceMs },
    ...{ keepAliveDelay: 10_000, foundRows: false, rowsAsArray: true, dateStrings: true },
    ...{ permitLocalInfile: false, autoJsonMap: false, initSql: sessionSql },
  };
  let failure: unknown;
  for (const { host, port } of hosts) {
    try {
      const connection = await createConnection({ ...config, host, port });
      // An idle connection that the server ends says so here; `isValid` tells it afterwards.
      connection.on('error', () => connection.destroy());
      return connection;
    } catch (error) {
      failure ??= error;
    }
  }
  if (isSqlError(failure)) throw explain(failure, { store: name, action: 'the connection' });
  // A failed TLS handshake comes as the system's own error.
  const problem = failure instanceof Error ? failure.message : String(failure);
  throw new MillraceError('StoreUnreachable', { store: name, problem }, { cause: failure });
}

async function answers(connection: Connection): Promise<boolean> {
  try {
    await connection.ping();
    return true;
  } catch {
    return false; // The caller opens another one.
  }
}
