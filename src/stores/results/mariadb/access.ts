// Accounts of MariaDB for the owners of results: one each, named as its schema, which may read that schema and the cluster's
// and nothing else. In a grant `_` and `%` stand for any character, so schema names are escaped.

import { randomBytes } from 'node:crypto';
import { MillraceError } from '../../../errors.ts';
import type { StoreHost } from '../../store-url.ts';
import type { Access } from '../access.ts';
import type { Owner } from '../port.ts';
import { alone } from './bookkeeping.ts';
import { quoted } from './column-types.ts';
import type { Connection, Connections } from './connections.ts';
import { isSqlError, USER_EXISTS } from './explain.ts';
import { ensureSchema, findSchema } from './owners.ts';

const RIGHTS = 'SELECT, SHOW VIEW';

export function createAccess(connections: Connections, database: string, at: StoreHost): Access {
  const { store } = connections;

  const ensureAccount = async (connection: Connection, owner: Owner, account: string): Promise<void> => {
    const isOurs = await isGranted(connection, owner);
    // Noted first: an account whose maker died before it had a password is still Millrace's.
    await connection.query('UPDATE owners SET account = 1 WHERE owner = ?', [owner]);
    try {
      await connection.query(`CREATE USER ${account} ACCOUNT LOCK`);
    } catch (error) {
      const exists = isSqlError(error) && error.errno === USER_EXISTS;
      if (exists && isOurs) return;
      await connection.query('UPDATE owners SET account = ? WHERE owner = ?', [isOurs, owner]);
      if (!exists) throw error;
      const problem = 'somebody else made it; drop it, or name the owner otherwise';
      throw new MillraceError('StoreDiffers', { what: `account ${account}`, store, problem });
    }
  };

  return {
    grant: (owner) =>
      connections.use(
        { action: 'to make an account (it needs CREATE USER, and GRANT OPTION on the schemas)' },
        (connection) =>
          alone(connection, database, async () => {
            const schema = await ensureSchema(connection, owner, store);
            const shared = await ensureSchema(connection, 'cluster', store);
            const account = accountOf(connection, schema);
            await ensureAccount(connection, owner, account);
            for (const each of new Set([schema, shared])) {
              await connection.query(`GRANT ${RIGHTS} ON ${pattern(each)}.* TO ${account}`);
            }
            const password = randomBytes(24).toString('base64url');
            await setPassword(connection, account, password);
            return { host: at.host, port: at.port, user: schema, password, schema };
          }),
      ),

    granted: (owner) =>
      connections.use({ action: 'to look for an account' }, (connection) => isGranted(connection, owner)),

    revoke: (owner) =>
      connections.use({ action: 'to drop an account (it needs CREATE USER)' }, async (connection) => {
        const schema = await findSchema(connection, owner);
        if (schema === undefined || !(await isGranted(connection, owner))) return;
        await connection.query(`DROP USER IF EXISTS ${accountOf(connection, schema)}`);
        await connection.query('UPDATE owners SET account = 0 WHERE owner = ?', [owner]);
      }),
  };

  /** The driver's error would hold the statement, and with it the password: only the server's words go on. */
  async function setPassword(connection: Connection, account: string, password: string): Promise<void> {
    try {
      await connection.query(
        `ALTER USER ${account} IDENTIFIED BY ${connection.escape(password)} ACCOUNT UNLOCK`,
      );
    } catch (error) {
      if (!isSqlError(error)) throw error;
      const problem = (error.sqlMessage ?? 'the connection was lost').replaceAll(password, '…');
      const code = error.fatal ? 'StoreUnreachable' : 'StoreDenied';
      throw new MillraceError(code, { store, action: `to set the password of ${account}`, problem });
    }
  }
}

async function isGranted(connection: Connection, owner: Owner): Promise<boolean> {
  const [row]: [number][] = await connection.query('SELECT account FROM owners WHERE owner = ?', [owner]);
  return row?.[0] === 1;
}

function accountOf(connection: Connection, schema: string): string {
  return `${connection.escape(schema)}@'%'`;
}

function pattern(schema: string): string {
  return quoted(schema.replaceAll(/[_%\\]/g, '\\$&'));
}
