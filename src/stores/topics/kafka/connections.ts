// Connections to brokers: one per broker and lane, opened when first needed and forgotten when they end. A broker
// answers the requests of one connection in their order, so what waits long (a fetch) has a lane of its own.

import {
  Connection,
  type ConnectionOptions,
  SASLMechanisms,
  type SASLMechanismValue,
} from '@platformatic/kafka';
import { MillraceError } from '../../../errors.ts';
import type { StoreAddress, StoreHost } from '../../store-url.ts';

export class Connections {
  readonly #options: ConnectionOptions;
  readonly #open = new Map<string, Promise<Connection>>();
  #closed = false;

  constructor(address: StoreAddress) {
    this.#options = connectionOptions(address);
  }

  to({ host, port }: StoreHost, lane: string): Promise<Connection> {
    if (this.#closed) throw new Error('these topics are closed');
    const key = `${lane}@${host}:${port}`;
    const existing = this.#open.get(key);
    if (existing) return existing;
    const connection = new Connection('millrace', this.#options);
    const forget = () => {
      if (this.#open.get(key) === opening) this.#open.delete(key);
    };
    connection.on('error', forget);
    connection.on('close', forget);
    const opening = new Promise<Connection>((resolve, reject) => {
      connection.connect(host, port, (error) => {
        if (!error) return resolve(connection);
        forget();
        reject(error);
      });
    });
    this.#open.set(key, opening);
    return opening;
  }

  /** Ends the lane's connections; what waits on them fails. */
  async endLane(lane: string): Promise<void> {
    await this.#end([...this.#open].filter(([key]) => key.startsWith(`${lane}@`)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#end([...this.#open]);
  }

  async #end(open: readonly (readonly [string, Promise<Connection>])[]): Promise<void> {
    await Promise.allSettled(
      open.map(async ([key, opening]) => {
        this.#open.delete(key);
        await (await opening).close();
      }),
    );
  }
}

const mechanisms: ReadonlyMap<string, SASLMechanismValue> = new Map([
  ['plain', SASLMechanisms.PLAIN],
  ['scram-sha-256', SASLMechanisms.SCRAM_SHA_256],
  ['scram-sha-512', SASLMechanisms.SCRAM_SHA_512],
]);

/** @throws StoreUrlInvalid */
function connectionOptions({ options, user, password, tls, name }: StoreAddress): ConnectionOptions {
  const bad = (problem: string): never => {
    throw new MillraceError('StoreUrlInvalid', { where: name, problem, scheme: 'kafka' });
  };
  const asked = options.get('sasl') ?? (user === undefined ? undefined : 'scram-sha-512');
  const mechanism = asked === undefined ? undefined : mechanisms.get(asked.toLowerCase());
  if (asked !== undefined && !mechanism) bad(`sasl=${asked} is none of ${[...mechanisms.keys()].join(', ')}`);
  if (mechanism && (user === undefined || password === undefined)) bad('sasl needs user:password@');
  return {
    connectTimeout: 5_000,
    requestTimeout: 10_000,
    maxInflights: 16,
    ...(tls ? { tls: tls.ca === undefined ? {} : { ca: tls.ca } } : {}),
    ...(mechanism && user !== undefined && password !== undefined
      ? { sasl: { mechanism, username: user, password } }
      : {}),
  };
}
