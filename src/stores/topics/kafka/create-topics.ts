// Topics as Millrace wants them: created with replication, retention and sizes said outright, or compared with what is
// there. What differs is named and left as it is.

import { ConfigResourceTypes, createTopicsV7, describeConfigsV4 } from '@platformatic/kafka';
import { MillraceError } from '../../../errors.ts';
import type { TopicSpec } from '../port.ts';
import { answerOf, type Cluster, type TopicPlace } from './cluster.ts';
import { brokerError } from './failures.ts';

/** A block may call with megabytes of data, and one record holds one transaction. */
const MAX_RECORD_BATCH_BYTES = 16 * 1024 * 1024;
const TOPIC_ALREADY_EXISTS = 36;
const CREATE_MS = 8_000;
/** Brokers that are starting join within this time; fewer than the replication factor asks for are named then. */
const PATIENCE_MS = 5_000;

/** @throws TopicDiffers; then nothing was created. */
export async function createTopics(
  cluster: Cluster,
  specs: readonly TopicSpec[],
  replicationFactor: number,
): Promise<void> {
  const existing = await cluster.topics(specs.map(({ name }) => name));
  await compare(cluster, specs, existing, replicationFactor);
  const missing = specs.filter(({ name }) => !existing.has(name));
  if (missing.length === 0) return;
  const topics = missing.map((spec) => ({
    name: spec.name,
    numPartitions: spec.partitions,
    replicationFactor,
    assignments: [],
    configs: [...configsOf(spec, replicationFactor)].map(([name, value]) => ({ name, value })),
  }));
  const create = async () => {
    const response = await answerOf(cluster.anyBroker(createTopicsV7.api, topics, CREATE_MS, false));
    for (const { errorCode, errorMessage } of response.topics) {
      if (errorCode !== 0 && errorCode !== TOPIC_ALREADY_EXISTS) throw brokerError(errorCode, errorMessage);
    }
  };
  await cluster.retrying('creating topics', create, PATIENCE_MS);
  await compare(cluster, missing, await settled(cluster, missing), replicationFactor);
}

/** A new topic is known to the brokers one after another. */
function settled(cluster: Cluster, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, TopicPlace>> {
  return cluster.retrying('creating topics', async () => {
    const places = await cluster.topics(specs.map(({ name }) => name));
    if (places.size < specs.length) throw brokerError(UNKNOWN_TOPIC);
    return places;
  });
}

const UNKNOWN_TOPIC = 3;

function configsOf({ retention }: TopicSpec, replicationFactor: number): ReadonlyMap<string, string> {
  return new Map([
    ['min.insync.replicas', `${Math.max(1, replicationFactor - 1)}`],
    ['retention.ms', retention === 'forever' ? '-1' : `${retention}`],
    ['retention.bytes', '-1'],
    ['cleanup.policy', 'delete'],
    ['compression.type', 'producer'],
    ['max.message.bytes', `${MAX_RECORD_BATCH_BYTES}`],
    ['message.timestamp.type', 'LogAppendTime'],
  ]);
}

/** Settings that a topic may not differ in; the others are ours to choose only when we create it. */
const compared = ['min.insync.replicas', 'retention.ms', 'cleanup.policy'];

async function compare(
  cluster: Cluster,
  specs: readonly TopicSpec[],
  existing: ReadonlyMap<string, TopicPlace>,
  replicationFactor: number,
): Promise<void> {
  const present = specs.filter(({ name }) => existing.has(name));
  const settings = await describe(cluster, present);
  for (const spec of present) {
    const { partitions } = existing.get(spec.name) as TopicPlace;
    const expected = configsOf(spec, replicationFactor);
    const facts: [what: string, actual: string, expected: string][] = [
      ['partitions', `${partitions.length}`, `${spec.partitions}`],
      ['replication factor', `${partitions[0]?.replicas}`, `${replicationFactor}`],
      ...compared.map((name): [string, string, string] => [
        name,
        settings.get(`${spec.name} ${name}`) ?? '',
        expected.get(name) ?? '',
      ]),
    ];
    const differing = facts.filter(([, actual, wanted]) => actual !== wanted);
    if (differing.length === 0) continue;
    throw new MillraceError('TopicDiffers', {
      topic: spec.name,
      actual: differing.map(([what, actual]) => `${what} ${actual}`).join(', '),
      expected: differing.map(([what, , wanted]) => `${what} ${wanted}`).join(', '),
    });
  }
}

/** By `topic setting`. */
function describe(cluster: Cluster, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, string>> {
  return cluster.retrying('describing topics', async () => {
    if (specs.length === 0) return new Map();
    const resources = specs.map(({ name }) => ({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: name,
      configurationKeys: [...compared],
    }));
    const { results } = await cluster.anyBroker(describeConfigsV4.api, resources, false, false);
    return new Map(
      results.flatMap(({ resourceName, configs }) =>
        configs.map(({ name, value }): [string, string] => [`${resourceName} ${name}`, value ?? '']),
      ),
    );
  });
}
