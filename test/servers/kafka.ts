// Kafka in KRaft mode, every node broker and controller. One node also listens with TLS and SCRAM, and checks ACLs.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jarFolder } from './artefacts.ts';
import { makeCertificate } from './certificate.ts';
import type { Cluster, StartOptions } from './cluster.ts';
import { freePort, startServer } from './server-process.ts';

const run = promisify(execFile);
const host = '127.0.0.1';
/** Who logs in on the secure listener. */
const login = { user: 'millrace', password: 'secret-1' };
/** Blocks with large call data make large records. */
const maxBytes = 16 * 1024 * 1024;

interface Node {
  readonly id: number;
  readonly folder: string;
  readonly client: number;
  readonly controller: number;
  /** Of the listener with TLS and SCRAM. */
  readonly secure: number | undefined;
}

export async function startKafka(options: StartOptions): Promise<Cluster> {
  const { folder, nodes: count, say, detached } = options;
  const lib = await jarFolder('kafka', say);
  const nodes: Node[] = [];
  for (let id = 1; id <= count; id++) {
    nodes.push({
      id,
      folder: join(folder, `kafka-${id}`),
      client: await freePort(host),
      controller: await freePort(host),
      secure: count === 1 ? await freePort(host) : undefined,
    });
  }
  const certificate = join(folder, 'kafka-1', 'certificate');
  if (count === 1) await makeCertificate(certificate, 'DNS:localhost,IP:127.0.0.1');

  const clusterId = `M${randomBytes(16).toString('base64url').slice(1)}`;
  const java = ['-cp', `${lib}/*`];
  await Promise.all(
    nodes.map(async (node) => {
      mkdirSync(node.folder, { recursive: true });
      const file = join(node.folder, 'server.properties');
      writeFileSync(file, properties(node, nodes, certificate));
      writeFileSync(
        join(node.folder, 'log4j2.yaml'),
        readFileSync(new URL('kafka/log4j2.yaml', import.meta.url)),
      );
      const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${login.user},password=${login.password}]`,
      ]);
      await run('java', [
        ...java,
        'kafka.tools.StorageTool',
        'format',
        '-t',
        clusterId,
        '-c',
        file,
        ...scram,
      ]);
    }),
  );
  const servers = await Promise.all(
    nodes.map((node) =>
      startServer(
        {
          name: `kafka ${node.id}`,
          command: 'java',
          args: [
            count === 1 ? '-Xmx512m' : '-Xmx384m',
            `-Dlog4j2.configurationFile=file:${join(node.folder, 'log4j2.yaml')}`,
            ...java,
            'kafka.Kafka',
            join(node.folder, 'server.properties'),
          ],
          cwd: node.folder,
          logFile: join(node.folder, 'kafka.log'),
          ready: /Kafka Server started/,
        },
        { detached },
      ),
    ),
  );
  const [first] = nodes;
  const secure = `kafka://${login.user}:${login.password}@localhost:${first?.secure}?sasl=scram-sha-512&tls=true&ca=${join(certificate, 'ca.pem')}`;
  return {
    addresses: {
      KAFKA: `kafka://${nodes.map(({ client }) => `${host}:${client}`).join(',')}`,
      ...(count === 1 ? { KAFKA_SECURE: secure } : {}),
    },
    servers,
  };
}

function properties(node: Node, nodes: readonly Node[], certificate: string): string {
  const replicas = Math.min(3, nodes.length);
  const secured = node.secure === undefined ? '' : `,SASL_SSL://${host}:${node.secure}`;
  const advertised = node.secure === undefined ? '' : `,SASL_SSL://localhost:${node.secure}`;
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    listeners: `PLAINTEXT://${host}:${node.client}${secured},CONTROLLER://${host}:${node.controller}`,
    'advertised.listeners': `PLAINTEXT://${host}:${node.client}${advertised}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': nodes.map(({ id, controller }) => `${id}@${host}:${controller}`).join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'log.dirs': join(node.folder, 'data'),
    'default.replication.factor': replicas,
    'min.insync.replicas': Math.max(1, replicas - 1),
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 10,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': Math.max(1, replicas - 1),
    'transaction.state.log.num.partitions': 10,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': Math.max(1, replicas - 1),
    'group.initial.rebalance.delay.ms': 0,
    // A killed member's partitions go to another after this, not after 45 s.
    'group.consumer.session.timeout.ms': 6_000,
    'group.consumer.min.session.timeout.ms': 6_000,
    'group.consumer.heartbeat.interval.ms': 1_000,
    'group.consumer.min.heartbeat.interval.ms': 1_000,
    // Retention is looked at often enough for a test to see it.
    'log.retention.check.interval.ms': 1_000,
    'log.initial.task.delay.ms': 1_000,
    'auto.create.topics.enable': false,
    'message.max.bytes': maxBytes,
    'replica.fetch.max.bytes': maxBytes,
    ...(node.secure === undefined
      ? {}
      : {
          'sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256',
          'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': scram,
          'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': scram,
          'ssl.keystore.type': 'PEM',
          'ssl.keystore.location': join(certificate, 'server.pem'),
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'super.users': 'User:ANONYMOUS;User:admin',
        }),
  };
  return Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
