import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConsumerGroup, type GroupMember, type GroupPartition } from './consumer-group.ts';

const partitions = (topic: string, count: number): readonly GroupPartition[] =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));

function aMember(...wanted: readonly (readonly GroupPartition[])[]) {
  const member = {
    partitions: wanted.flat(),
    owned: [] as readonly string[],
    assign(owned: readonly GroupPartition[]) {
      member.owned = owned.map(({ topic, partition }) => `${topic}/${partition}`).toSorted();
    },
  };
  return member satisfies GroupMember;
}

test('a member that joins takes its even share, and the others keep the rest', () => {
  const group = new ConsumerGroup();
  const [a, b, c] = [aMember(partitions('t', 6)), aMember(partitions('t', 6)), aMember(partitions('t', 6))];
  group.join(a);
  assert.equal(a.owned.length, 6);
  group.join(b);
  const keptByA = a.owned;
  assert.deepEqual([a.owned.length, b.owned.length], [3, 3]);
  group.join(c);
  assert.deepEqual([a.owned.length, b.owned.length, c.owned.length], [2, 2, 2]);
  assert.ok(a.owned.every((each) => keptByA.includes(each)));
  const keptByB = b.owned;
  group.leave(a);
  assert.ok(keptByB.every((each) => b.owned.includes(each)));
  assert.deepEqual(
    [...b.owned, ...c.owned].toSorted(),
    partitions('t', 6).map(({ partition }) => `t/${partition}`),
  );
});

test('single partitions of many topics do not pile up on one member', () => {
  const group = new ConsumerGroup();
  const topics = ['a', 'b', 'c', 'd'].map((topic) => partitions(topic, 1));
  const members = [aMember(...topics), aMember(...topics)];
  for (const member of members) group.join(member);
  for (const member of members) assert.equal(member.owned.length, 2);
});

test('whoever comes and goes, every wanted partition has one owner, and each topic is even among its readers', () => {
  const topics = { blocks: 1, transactions: 6, logs: 5 };
  const subscription = fc.subarray(Object.keys(topics) as (keyof typeof topics)[], { minLength: 1 });
  const change = fc.record({ join: subscription, leave: fc.option(fc.nat()) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const group = new ConsumerGroup();
      const members: { member: ReturnType<typeof aMember>; topics: readonly string[] }[] = [];
      for (const { join, leave } of changes) {
        if (leave !== null && members.length > 0) {
          const [gone] = members.splice(leave % members.length, 1);
          if (gone) group.leave(gone.member);
        } else {
          const member = aMember(...join.map((topic) => partitions(topic, topics[topic])));
          members.push({ member, topics: join });
          group.join(member);
        }
        for (const [topic, count] of Object.entries(topics)) {
          const readers = members.filter((each) => each.topics.includes(topic));
          const shares = readers.map(({ member }) =>
            member.owned.filter((each) => each.startsWith(`${topic}/`)),
          );
          assert.equal(new Set(shares.flat()).size, readers.length === 0 ? 0 : count);
          assert.equal(shares.flat().length, readers.length === 0 ? 0 : count);
          const sizes = shares.map((share) => share.length);
          if (readers.length > 0) assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
        }
      }
    }),
  );
});
