// Who reads which partition of a consumer group, within one process: partitions are spread evenly over the members,
// and a member keeps what it has where that stays even. Positions are the store's business, not this file's.

export interface GroupPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface GroupMember {
  /** The topics' partitions that this member may read. */
  readonly partitions: readonly GroupPartition[];
  /** Takes the partitions that are the member's from now on. */
  assign(partitions: readonly GroupPartition[]): void;
}

/** A member together with what it owns now. */
interface Seat {
  readonly member: GroupMember;
  readonly owned: Set<GroupPartition>;
}

export class ConsumerGroup {
  readonly #seats: Seat[] = [];

  get size(): number {
    return this.#seats.length;
  }

  join(member: GroupMember): void {
    this.#seats.push({ member, owned: new Set() });
    this.#rebalance();
  }

  leave(member: GroupMember): void {
    const at = this.#seats.findIndex((seat) => seat.member === member);
    if (at < 0) return;
    this.#seats.splice(at, 1);
    this.#rebalance();
  }

  #rebalance(): void {
    const topics = new Map<string, Map<number, GroupPartition>>();
    for (const { member } of this.#seats) {
      for (const each of member.partitions) {
        topics.set(each.topic, (topics.get(each.topic) ?? new Map()).set(each.partition, each));
      }
    }
    for (const [topic, partitions] of topics) {
      const readers = this.#seats.filter((seat) => reads(seat, topic));
      spread(topic, [...partitions.values()], readers);
    }
    level(this.#seats);
    for (const { member, owned } of this.#seats) member.assign([...owned]);
  }
}

/** Gives each partition of the topic to one reader, evenly, moving as few as possible. */
function spread(topic: string, partitions: readonly GroupPartition[], readers: readonly Seat[]): void {
  const byShare = () => readers.toSorted((a, b) => share(a, topic).length - share(b, topic).length);
  const taken = new Set(readers.flatMap((seat) => share(seat, topic)).map(({ partition }) => partition));
  for (const each of partitions) if (!taken.has(each.partition)) byShare()[0]?.owned.add(each);

  for (;;) {
    const order = byShare();
    const [poorest, richest] = [order[0], order.at(-1)];
    if (!poorest || !richest || share(richest, topic).length - share(poorest, topic).length <= 1) return;
    move(share(richest, topic).at(-1), richest, poorest);
  }
}

/** Evens out the sums over all topics, so that odd partitions do not pile up on one member; each topic stays even. */
function level(seats: readonly Seat[]): void {
  const surplus = (rich: Seat, poor: Seat) =>
    [...rich.owned].find(
      ({ topic }) => reads(poor, topic) && share(rich, topic).length > share(poor, topic).length,
    );
  const pairs = seats.flatMap((rich) => seats.map((poor) => ({ rich, poor })));
  for (;;) {
    const uneven = pairs.find(
      ({ rich, poor }) => rich.owned.size - poor.owned.size > 1 && surplus(rich, poor) !== undefined,
    );
    if (!uneven) return;
    move(surplus(uneven.rich, uneven.poor), uneven.rich, uneven.poor);
  }
}

const reads = ({ member }: Seat, topic: string) => member.partitions.some((each) => each.topic === topic);
const share = ({ owned }: Seat, topic: string) => [...owned].filter((each) => each.topic === topic);

function move(partition: GroupPartition | undefined, from: Seat, to: Seat): void {
  if (!partition) return;
  from.owned.delete(partition);
  to.owned.add(partition);
}
