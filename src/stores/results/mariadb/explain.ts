// What goes wrong between the adapter and MariaDB, told in the words of the catalogue. The driver's own message is never
// shown: it repeats the statement and its values, which may be a password.

import type { SqlError } from 'mariadb';
import { MillraceError } from '../../../errors.ts';

export interface Doing {
  /** The address without its password. */
  readonly store: string;
  /** What was asked of the server, as an error names it: `to write window rows`. */
  readonly action: string;
  /** Whose rows: `processor gas-by-hour`. Makes refused values SqlFailed. */
  readonly where?: string;
}

// https://mariadb.com/kb/en/mariadb-error-codes/
const DENIED = new Set([1044, 1045, 1130, 1131, 1133, 1142, 1143, 1227, 1370, 1410, 1524, 1698, 1820, 1862]);
const MISSING = new Set([1049, 1051, 1054, 1091, 1146, 1932]);
const NO_SPACE = new Set([1021, 1114]);
const REFUSED_VALUE = new Set([1048, 1118, 1153, 1264, 1265, 1292, 1366, 1406, 1690, 1367]);
const BUSY = new Set([1037, 1038, 1040, 1041, 1203, 1205, 1213, 1226, 1290, 1836]);
export const LOCK_WAIT = 1205;
export const DEADLOCK = 1213;
export const USER_EXISTS = 1396;
/** The driver's: a row does not fit into max_allowed_packet. */
const PACKET_TOO_LARGE = 45_046;

export function isSqlError(error: unknown): error is SqlError {
  return error instanceof Error && 'sqlState' in error && 'errno' in error && typeof error.errno === 'number';
}

/** The connection is no longer usable: nobody knows what became of what was under way. */
export function isLost(error: unknown): boolean {
  return isSqlError(error) && error.fatal && error.errno !== PACKET_TOO_LARGE;
}

/** Any error of the driver's as one of the catalogue's; every other error as it is. */
export function explain(error: unknown, { store, action, where }: Doing): unknown {
  if (!isSqlError(error)) return error;
  const { errno } = error;
  const problem = problemOf(error);
  if (DENIED.has(errno))
    return new MillraceError('StoreDenied', { store, action, problem }, { cause: error });
  if (MISSING.has(errno)) {
    return new MillraceError('StoreDiffers', { what: 'the database', store, problem }, { cause: error });
  }
  if (NO_SPACE.has(errno) || /no space left|errcode: 28\b|errno: 28\b/i.test(problem)) {
    // Its disk, not ours: it passes once somebody frees some of it.
    const full = `its disk is full; it goes on once there is space (${problem})`;
    return new MillraceError('StoreUnreachable', { store, problem: full }, { cause: error });
  }
  if (where !== undefined && (REFUSED_VALUE.has(errno) || errno === PACKET_TOO_LARGE)) {
    return new MillraceError('SqlFailed', { where, problem: `${store} refused its rows: ${problem}` });
  }
  const known = error.fatal || errno <= 0 || errno >= 45_000 || BUSY.has(errno) || isGone(error);
  // Nothing that happens by itself: the statement is wrong, or the server is none that this was made for.
  if (!known) return new MillraceError('StoreDenied', { store, action, problem }, { cause: error });
  return new MillraceError('StoreUnreachable', { store, problem }, { cause: error });
}

/** Class 08: the connection; 70100: ended on purpose. */
function isGone({ sqlState }: SqlError): boolean {
  return sqlState?.startsWith('08') === true || sqlState === '70100';
}

/** The server's own words, or those of the system; never the statement. */
function problemOf(error: SqlError): string {
  if (error.sqlMessage) return oneLine(error.sqlMessage);
  const system = /^\(conn:[^)]*\) (.*)/s.exec(error.message)?.[1] ?? error.message;
  // Where a name has several addresses, the system's message is empty.
  return oneLine(system.split('\nsql:')[0] ?? system) || (error.code ?? 'no answer');
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').slice(0, 300);
}
