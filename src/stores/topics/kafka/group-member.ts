// One member of a consumer group by Kafka's own protocol of version 2 (KIP-848): the coordinator decides who reads what
// and gives a partition to another member only after this one has let go of it, or has been silent for too long.

import { randomUUID } from 'node:crypto';
import { consumerGroupHeartbeatV1 } from '@platformatic/kafka';
import type { Cluster } from './cluster.ts';
import { isBrokerError, isPassing, storeFailure } from './failures.ts';

export interface GroupPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface GroupMemberOptions {
  readonly cluster: Cluster;
  readonly group: string;
  readonly topics: readonly string[];
  /** The partitions that are this member's from now on; those it no longer has are let go of at once. */
  readonly onAssigned: (partitions: readonly GroupPartition[]) => void;
}

/** More often than the coordinator asks for: so the others wait less for what this member gives up. */
const HEARTBEAT_MS = 500;
const REBALANCE_MS = 30_000;
/** How long joining waits for partitions; a member too many has none. */
const JOIN_MS = 5_000;
const JOINING = 0;
const LEAVING = -1;

export class GroupMember {
  readonly id = randomUUID();
  readonly #options: GroupMemberOptions;
  readonly #stop = new AbortController();
  #epoch = JOINING;
  #owned: readonly GroupPartition[] = [];
  /** What the coordinator knows that this member owns. */
  #reported: readonly GroupPartition[] | undefined;
  #beating: Promise<void> | undefined;
  /** Why the coordinator cannot be reached; undefined while it can. */
  #trouble: unknown;
  #troubleSince = 0;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** The coordinator has not answered for `ms`, for this reason. */
  troubleFor(ms: number): unknown {
    return this.#trouble !== undefined && performance.now() - this.#troubleSince > ms
      ? this.#trouble
      : undefined;
  }

  /** Resolves with the first partitions, or after some seconds without any. */
  async join(): Promise<void> {
    const { cluster, group } = this.#options;
    await cluster.retrying(`joining ${group}`, () => this.#beat());
    const until = performance.now() + JOIN_MS;
    while (this.#owned.length === 0 && performance.now() < until) {
      await cluster.clock.sleep(50);
      await cluster.retrying(`joining ${group}`, () => this.#beat());
    }
    this.#beating = this.#keepBeating();
  }

  async leave(): Promise<void> {
    this.#stop.abort();
    const { cluster, group } = this.#options;
    const leaving = cluster.whileStopping(async () => {
      await this.#beating;
      if (this.#epoch === JOINING) return;
      this.#epoch = LEAVING;
      await this.#heartbeat(null);
    });
    // A member that cannot say so is taken out after its session's time.
    await leaving.catch((error: unknown) =>
      cluster.logger.debug({ group, error }, 'could not leave the consumer group'),
    );
  }

  /** This member is out of the group: it joins again, with nothing. */
  #expelled(): void {
    this.#epoch = JOINING;
    this.#reported = undefined;
    this.#assign([]);
  }

  async #keepBeating(): Promise<void> {
    const { cluster, group } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await cluster.clock.sleep(HEARTBEAT_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#beat();
        this.#trouble = undefined;
      } catch (error) {
        if (this.#trouble === undefined) this.#troubleSince = isPassing(error) ? performance.now() : 0;
        this.#trouble = storeFailure(error, cluster.store, `reading as ${group}`);
        cluster.forget();
      }
    }
  }

  /** Asks for this member's part; reports at once what it has let go of and taken on. */
  async #beat(): Promise<void> {
    for (let rounds = 0; rounds < 3; rounds++) {
      const report = this.#reported === this.#owned && this.#epoch !== JOINING ? null : this.#owned;
      let answer: consumerGroupHeartbeatV1.ConsumerGroupHeartbeatResponse;
      try {
        answer = await this.#heartbeat(report);
      } catch (error) {
        if (!isBrokerError(error, 'UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH')) throw error;
        this.#expelled();
        continue;
      }
      if (report) this.#reported = report;
      this.#epoch = answer.memberEpoch;
      if (!answer.assignment) return;
      this.#assign(await this.#named(answer.assignment.topicPartitions));
    }
  }

  async #heartbeat(report: readonly GroupPartition[] | null) {
    const { cluster, group, topics } = this.#options;
    const node = await cluster.coordinator('group', group);
    const places = await Promise.all(topics.map((topic) => cluster.topic(topic)));
    const owned =
      report &&
      places
        .map(({ name, id }) => ({
          topicId: id,
          partitions: report.filter(({ topic }) => topic === name).map(({ partition }) => partition),
        }))
        .filter(({ partitions }) => partitions.length > 0);
    const full = this.#epoch === JOINING;
    return cluster.ask(
      ...([node, 'groups', consumerGroupHeartbeatV1.api] as const),
      ...([group, this.id, this.#epoch, null, null, full ? REBALANCE_MS : -1] as const),
      ...([full ? [...topics] : null, null, null, full ? [] : owned] as const),
    );
  }

  async #named(
    assigned: readonly { readonly topicId: string; readonly partitions: readonly number[] }[],
  ): Promise<readonly GroupPartition[]> {
    const places = await Promise.all(this.#options.topics.map((topic) => this.#options.cluster.topic(topic)));
    return assigned.flatMap(({ topicId, partitions }) => {
      const topic = places.find(({ id }) => id === topicId)?.name;
      return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }));
    });
  }

  #assign(partitions: readonly GroupPartition[]): void {
    this.#owned = partitions;
    this.#options.onAssigned(partitions);
  }
}
