// The brokers as one: who leads a partition, who coordinates a group or a transaction, and requests that are sent again,
// to whoever is right by then, until the store has been away for too long.

import {
  type API,
  apiVersionsV4,
  type Connection,
  FindCoordinatorKeyTypes,
  findCoordinatorV4,
  metadataV12,
  ResponseError,
} from '@platformatic/kafka';
import type { Clock } from '../../../clock.ts';
import { MillraceError } from '../../../errors.ts';
import type { Logger } from '../../../logger.ts';
import type { StoreAddress, StoreHost } from '../../store-url.ts';
import { Connections } from './connections.ts';
import { brokerError, isPassing, storeFailure } from './failures.ts';
import { Stopping } from './stopping.ts';

export interface TopicPlace {
  readonly name: string;
  readonly id: string;
  /** By partition number. */
  readonly partitions: readonly { readonly leader: number; readonly replicas: number }[];
}

export interface ClusterOptions {
  readonly address: StoreAddress;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type CoordinatorOf = 'group' | 'transaction';

/** How long one operation is tried again before the store counts as away. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = { first: 10, last: 1_000 } as const;
/** What is known of a topic is asked again after this long, so that a deleted or recreated one is seen. */
const STALE_MS = 60_000;

export class Cluster {
  readonly store: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly #connections: Connections;
  readonly #stopping: Stopping;
  readonly #bootstrap: readonly StoreHost[];
  #brokers: ReadonlyMap<number, StoreHost> = new Map();
  readonly #topics = new Map<string, { place: TopicPlace; at: number }>();
  readonly #coordinators = new Map<string, number>();
  /** Moves on with every failure: a broker that takes connections and answers nothing is not asked first again. */
  #turn = 0;

  constructor({ address, clock, logger }: ClusterOptions) {
    this.store = address.name;
    this.clock = clock;
    this.logger = logger;
    this.#bootstrap = address.hosts;
    this.#connections = new Connections(address);
    this.#stopping = new Stopping(address.name);
  }

  get brokers(): readonly number[] {
    return [...this.#brokers.keys()];
  }

  /** @throws StoreTooOld, StoreDenied, StoreUnreachable */
  async open(): Promise<void> {
    const open = async () => {
      const versions = await this.anyBroker(apiVersionsV4.api, 'millrace', '1');
      const level = (feature: string) =>
        versions.finalizedFeatures?.find(({ name }) => name === feature)?.maxVersionLevel ?? 0;
      const needs = (feature: string, least: number) => {
        if (level(feature) >= least) return;
        const problem = `its feature ${feature} is ${level(feature)}, ${least} is needed (Kafka 4.0 or later)`;
        throw new MillraceError('StoreTooOld', { store: this.store, problem });
      };
      needs('transaction.version', 2);
      needs('group.version', 1);
      await this.#refresh([]);
    };
    await open().catch((error: unknown) => this.#fail(error, 'the login'));
  }

  /** From now on nothing is waited for longer than a few seconds. */
  stop(): void {
    this.#stopping.ask();
  }

  async close(): Promise<void> {
    this.stop();
    await this.#connections.close();
  }

  endLane(lane: string): Promise<void> {
    return this.#connections.endLane(lane);
  }

  /**
   * Runs until it succeeds, with pauses that grow; before each further try what is known of brokers is forgotten.
   * @throws StoreUnreachable once it has failed for 30 s, or for 4 s while stopping; StoreDenied at once; whatever else
   * `run` throws.
   */
  retrying<T>(
    action: string,
    run: (attempt: number, late: AbortSignal) => Promise<T>,
    patienceMs = PATIENCE_MS,
  ): Promise<T> {
    return this.whileStopping((late) => this.#tried(action, run, patienceMs, late));
  }

  /** Runs `work`; while stopping for some seconds only. @throws StoreUnreachable then */
  whileStopping<T>(work: (late: AbortSignal) => Promise<T>): Promise<T> {
    return this.#stopping.limit(work);
  }

  async #tried<T>(
    action: string,
    run: (attempt: number, late: AbortSignal) => Promise<T>,
    patienceMs: number,
    late: AbortSignal,
  ): Promise<T> {
    const until = performance.now() + patienceMs;
    let pause: number = PAUSE_MS.first;
    for (let attempt = 0; ; attempt++) {
      try {
        return await run(attempt, late);
      } catch (error) {
        if (!isPassing(error) || performance.now() + pause > until) this.#fail(error, action);
        this.forget();
        await this.clock.sleep(pause, late);
        pause = Math.min(2 * pause, PAUSE_MS.last);
      }
    }
  }

  /** Leaders and coordinators are asked for again. */
  forget(): void {
    this.#turn += 1;
    this.#topics.clear();
    this.#coordinators.clear();
  }

  /** @throws TopicUnknown */
  async topic(name: string): Promise<TopicPlace> {
    const known = this.known(name);
    if (known) return known;
    const place = (await this.topics([name])).get(name);
    if (!place) throw new MillraceError('TopicUnknown', { topic: name });
    return place;
  }

  /** Without asking: undefined when it is not known or long ago. */
  known(name: string): TopicPlace | undefined {
    const known = this.#topics.get(name);
    return known && this.clock.now() - known.at < STALE_MS ? known.place : undefined;
  }

  /** Those of the topics that exist. */
  topics(names: readonly string[]): Promise<ReadonlyMap<string, TopicPlace>> {
    return this.retrying('describing topics', async () => {
      const { topics } = await this.#refresh(names);
      const places = new Map<string, TopicPlace>();
      for (const { name, topicId: id, errorCode, partitions } of topics) {
        if (!name) continue;
        if (errorCode === UNKNOWN_TOPIC) {
          this.#topics.delete(name);
          continue;
        }
        if (errorCode !== 0) throw brokerError(errorCode);
        const place = {
          name,
          id,
          partitions: partitions
            .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
            .map(({ leaderId, replicaNodes }) => ({ leader: leaderId, replicas: replicaNodes.length })),
        };
        if (place.partitions.some(({ leader }) => leader < 0)) throw brokerError(LEADER_NOT_AVAILABLE);
        places.set(name, place);
        this.#topics.set(name, { place, at: this.clock.now() });
      }
      return places;
    });
  }

  /** @throws TopicUnknown */
  async leader(topic: string, partition: number): Promise<number> {
    const leader = (await this.topic(topic)).partitions[partition]?.leader;
    if (leader === undefined) throw new MillraceError('TopicUnknown', { topic: `${topic}/${partition}` });
    return leader;
  }

  async coordinator(of: CoordinatorOf, key: string): Promise<number> {
    const cached = this.#coordinators.get(`${of} ${key}`);
    if (cached !== undefined) return cached;
    const type = of === 'group' ? FindCoordinatorKeyTypes.GROUP : FindCoordinatorKeyTypes.TRANSACTION;
    const { coordinators } = await this.anyBroker(findCoordinatorV4.api, type, [key]);
    const node = coordinators[0]?.nodeId;
    if (node === undefined) throw brokerError(COORDINATOR_NOT_AVAILABLE);
    if (!this.#brokers.has(node)) await this.#refresh([]);
    this.#coordinators.set(`${of} ${key}`, node);
    return node;
  }

  /** One request, tried once, at the broker of this number. */
  async ask<A extends unknown[], R>(node: number, lane: string, api: API<A, R>, ...args: A): Promise<R> {
    const host = this.#brokers.get(node);
    if (!host) throw brokerError(LEADER_NOT_AVAILABLE);
    return api.async(await this.#connections.to(host, lane), ...args);
  }

  /** One request, at the first broker in turn that can be connected to. */
  async anyBroker<A extends unknown[], R>(api: API<A, R>, ...args: A): Promise<R> {
    return api.async(await this.#firstConnection(), ...args);
  }

  async #firstConnection(): Promise<Connection> {
    const errors: unknown[] = [];
    const known = this.#brokers.size > 0 ? [...this.#brokers.values()] : this.#bootstrap;
    const start = this.#turn % known.length;
    const inTurn = [...known.slice(start), ...known.slice(0, start)];
    for (const host of known === this.#bootstrap ? inTurn : [...inTurn, ...this.#bootstrap]) {
      try {
        return await this.#connections.to(host, 'shared');
      } catch (error) {
        if (!isPassing(error)) throw error;
        errors.push(error);
      }
    }
    throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'no broker answers');
  }

  async #refresh(names: readonly string[]) {
    const response = await answerOf(this.anyBroker(metadataV12.api, [...names], false, false));
    this.#brokers = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    return response;
  }

  #fail(error: unknown, action: string): never {
    throw storeFailure(error, this.store, action);
  }
}

const UNKNOWN_TOPIC = 3;
const LEADER_NOT_AVAILABLE = 5;
const COORDINATOR_NOT_AVAILABLE = 15;

/** The whole response, also when it carries errors of some topics or partitions: the caller reads their codes. */
export async function answerOf<R>(asked: Promise<R>): Promise<R> {
  try {
    return await asked;
  } catch (error) {
    // The client keeps the parsed response, of the type that the call would have given, in the error.
    if (error instanceof ResponseError) return (error as ResponseError & { response: R }).response;
    throw error;
  }
}
