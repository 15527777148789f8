// Removes from the test servers what a pipeline of a test made there.

import { Admin } from '@platformatic/kafka';
import cassandra from 'cassandra-driver';
import mariadb from 'mariadb';
import { MongoClient } from 'mongodb';
import { metadataDatabase } from '../../src/stores/metadata/mongodb/open.ts';
import { pipelineTopics } from '../../src/stores/topics/pipeline-topics.ts';
import { testServer } from './address.ts';

export async function dropPipeline(made: {
  readonly pipeline: string;
  /** `schema.table`, with later versions of it. */
  readonly tables: readonly string[];
}): Promise<void> {
  await dropTopics(Object.values(pipelineTopics(made.pipeline)));
  await dropKeyspace(made.pipeline.replaceAll('-', '_'));
  await dropTables(made.tables);
  const mongo = new MongoClient(testServer('MONGODB'));
  try {
    await mongo.db(metadataDatabase(made.pipeline)).dropDatabase();
  } finally {
    await mongo.close();
  }
}

async function dropTopics(topics: readonly string[]): Promise<void> {
  const { host } = new URL(testServer('KAFKA'));
  const admin = new Admin({ clientId: 'millrace-test', bootstrapBrokers: [host] });
  try {
    const there = new Set(await admin.listTopics());
    const own = topics.filter((topic) => there.has(topic));
    if (own.length > 0) await admin.deleteTopics({ topics: own });
  } finally {
    await admin.close();
  }
}

async function dropKeyspace(keyspace: string): Promise<void> {
  const url = new URL(testServer('CASSANDRA'));
  const client = new cassandra.Client({
    contactPoints: [url.host],
    localDataCenter: url.searchParams.get('datacenter') ?? 'datacenter1',
    // A keyspace is snapshotted as it goes.
    socketOptions: { readTimeout: 60_000 },
  });
  try {
    await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
  } finally {
    await client.shutdown();
  }
}

async function dropTables(tables: readonly string[]): Promise<void> {
  const { hostname, port, username, password } = new URL(testServer('MARIADB'));
  const connection = await mariadb.createConnection({
    host: hostname,
    port: Number(port),
    user: username,
    password,
  });
  try {
    for (const table of tables) await connection.query(`DROP TABLE IF EXISTS ${table}`);
  } finally {
    await connection.end();
  }
}
