// One connection pool to Cassandra. Every statement is idempotent, so every request may be sent again: trouble that
// may pass is retried here for a while, with growing pauses, and only then told.

import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { auth, Client, type Host, policies, type QueryOptions, types } from 'cassandra-driver';
import type { Clock } from '../../../clock.ts';
import { MillraceError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import type { StoreAddress } from '../../store-url.ts';
import { explainCassandra, mayPass } from './trouble.ts';

/** How long a request is tried again before the caller is told. */
const PATIENCE_MS = 20_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
const PAGE_ROWS = 2_000;
/** Reads that take longer than this are asked of another replica too. */
const SPECULATE_MS = 500;

export interface Statement {
  readonly query: string;
  readonly params: readonly unknown[];
}

export interface SessionOptions {
  readonly address: StoreAddress;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the driver's types leave out. */
interface Distant {
  setDistance(distance: types.distance): void;
}

export class Session {
  readonly client: Client;
  readonly dataCentre: string;
  readonly store: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #closed = new AbortController();
  readonly #hosts: Set<Host>;

  private constructor(client: Client, dataCentre: string, { address, clock, logger }: SessionOptions) {
    this.client = client;
    this.dataCentre = dataCentre;
    this.store = address.name;
    this.#clock = clock;
    this.#logger = logger;
    this.#hosts = new Set(client.hosts.values());
    client.on('hostAdd', (host: Host) => this.#hosts.add(host));
  }

  /** @throws StoreUnreachable, StoreDenied */
  static async open(options: SessionOptions): Promise<Session> {
    const { address } = options;
    try {
      const dataCentre = await findDataCentre(address);
      const client = new Client(clientOptions(address, dataCentre));
      await connected(client);
      return new Session(client, dataCentre, options);
    } catch (error) {
      throw explainCassandra(error, address.name, 'to connect');
    }
  }

  async read(
    query: string,
    params: readonly unknown[] = [],
    options: QueryOptions = {},
  ): Promise<types.Row[]> {
    return (await this.page(query, params, { ...options, autoPage: false })).rows;
  }

  /** Every row, page by page. */
  async readAll(query: string, params: readonly unknown[] = []): Promise<types.Row[]> {
    let { rows, pageState } = await this.page(query, params, {});
    while (pageState) {
      const next = await this.page(query, params, { pageState });
      rows = rows.concat(next.rows);
      pageState = next.pageState;
    }
    return rows;
  }

  async page(query: string, params: readonly unknown[], options: QueryOptions): Promise<types.ResultSet> {
    return this.#patiently(`to read (${tableIn(query)})`, () =>
      this.client.execute(query, params as unknown[], { fetchSize: PAGE_ROWS, ...options }),
    );
  }

  /** `timestamp`: of everything that is written, in microseconds or a sequence. Several statements are one batch. */
  async write(statements: readonly Statement[], timestamp: types.Long): Promise<void> {
    const [first] = statements;
    if (first === undefined) return;
    await this.#patiently(`to write (${tableIn(first.query)})`, () =>
      statements.length === 1
        ? this.client.execute(first.query, first.params as unknown[], { timestamp })
        : this.client.batch(statements as { query: string; params: unknown[] }[], {
            prepare: true,
            logged: false,
            timestamp,
          }),
    );
  }

  /**
   * Defines a table, always through the same host: two hosts that create a table at once give it two ids, one host
   * does one thing after the other.
   */
  async define(statement: string, action: string): Promise<void> {
    await this.#patiently(action, () => {
      const host = this.client.hosts
        .values()
        .filter((each) => each.isUp() && each.datacenter === this.dataCentre)
        .sort((a, b) => a.address.localeCompare(b.address))[0];
      return this.client.execute(statement, [], { prepare: false, ...(host ? { host } : {}) });
    });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    for (const host of this.client.hosts.values()) this.#hosts.add(host);
    await this.client.shutdown();
    // After an outage the driver forgets hosts that go on connecting, and the process would never end.
    for (const host of this.#hosts) (host as unknown as Distant).setDistance(types.distance.ignored);
  }

  async #patiently<T>(action: string, ask: () => Promise<T>): Promise<T> {
    const begun = this.#clock.now();
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return await ask();
      } catch (error) {
        const waited = this.#clock.now() - begun;
        if (this.#closed.signal.aborted || !mayPass(error) || waited + pause > PATIENCE_MS) {
          throw explainCassandra(error, this.store, action);
        }
        if (waited === 0 || pause === LONGEST_PAUSE_MS) {
          this.#logger.debug({ error, action, waited }, 'Cassandra did not answer; asking again');
        }
      }
      // A crowd that was refused together does not come back together.
      await this.#clock.sleep(pause * (0.5 + Math.random() / 2), this.#closed.signal).catch(() => undefined);
    }
  }
}

function clientOptions(address: StoreAddress, dataCentre: string | undefined) {
  const balancing = dataCentre
    ? new policies.loadBalancing.TokenAwarePolicy(
        new policies.loadBalancing.DCAwareRoundRobinPolicy(dataCentre),
      )
    : new policies.loadBalancing.RoundRobinPolicy();
  const { user, password = '', tls } = address;
  return {
    contactPoints: address.hosts.map(
      ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
    ),
    ...(dataCentre ? { localDataCenter: dataCentre } : {}),
    ...(user === undefined ? {} : { authProvider: new auth.PlainTextAuthProvider(user, password) }),
    ...(tls ? { sslOptions: tlsOptions(address, tls.ca) } : {}),
    policies: {
      loadBalancing: balancing,
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(500, 10_000, false),
      speculativeExecution: new policies.speculativeExecution.ConstantSpeculativeExecutionPolicy(
        SPECULATE_MS,
        1,
      ),
      // Trying again is one thing, done in one place: above, where it has pauses.
      retry: new policies.retry.FallthroughRetryPolicy(),
    },
    queryOptions: { consistency: types.consistencies.localQuorum, prepare: true, isIdempotent: true },
    socketOptions: { connectTimeout: 5_000, readTimeout: 12_000 },
    pooling: { coreConnectionsPerHost: { [types.distance.local]: 2 } },
  };
}

/**
 * The driver knows nodes by their IP addresses only, and few certificates hold these. So one counts that names the node's
 * address or any host that the address was given by.
 */
function tlsOptions({ hosts }: StoreAddress, ca: string | undefined): ConnectionOptions {
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: [ca] }),
    checkServerIdentity: (ip, certificate) => {
      const problem = checkServerIdentity(ip, certificate);
      if (problem === undefined) return undefined;
      return hosts.some(({ host }) => checkServerIdentity(host, certificate) === undefined)
        ? undefined
        : problem;
    },
  };
}

async function connected(client: Client): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    await client.shutdown().catch(() => undefined);
    throw error;
  }
}

/** The address's data centre, or that of the host it leads to. The driver leaks a socket when it is told a wrong one. */
async function findDataCentre(address: StoreAddress): Promise<string> {
  const client = new Client(clientOptions(address, undefined));
  await connected(client);
  try {
    const found = client.hosts.values().map(({ datacenter }) => String(datacenter));
    const [first = ''] = found;
    const asked = address.options.get('datacenter') ?? first;
    if (found.includes(asked)) return asked;
    throw new MillraceError('StoreUnreachable', {
      store: address.name,
      problem: `it has no data centre ${asked}, but ${[...new Set(found)].join(', ')}`,
    });
  } finally {
    await client.shutdown();
  }
}

function tableIn(query: string): string {
  return /(?:FROM|INTO|UPDATE)\s+(?:\w+\.)?(\w+)/.exec(query)?.[1] ?? 'system';
}
