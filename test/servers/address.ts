// Where tests find the real servers: addresses in the environment, set by test/run.ts, or by a person who has their own.

export type TestServer = 'KAFKA' | 'KAFKA_SECURE' | 'CASSANDRA' | 'CASSANDRA_SECURE' | 'MARIADB' | 'MONGODB';

/** Throws when there is none: a test that needs a server does not pass without one. */
export function testServer(name: TestServer): string {
  const variable = `MILLRACE_TEST_${name}`;
  const address = process.env[variable];
  if (!address) throw new Error(`${variable} is not set: run this through \`make stores\`, or set it`);
  return address;
}
