/** One that nothing is wrong with, on stores that are not there. */
export const pipeline = {
  apiVersion: 'millrace.dev/v1alpha1',
  kind: 'Pipeline',
  spec: {
    chain: { ethereum: { chainId: 1, endpoints: [{ url: 'https://rpc.test' }], start: 'latest' } },
    topics: { kafka: { external: { url: 'kafka://kafka:9092' } } },
    transactionLog: { cassandra: { external: { url: 'cassandra://cassandra' } } },
    results: { mariadb: { external: { url: 'mariadb://mariadb' } } },
    web: { metadata: { mongodb: { external: { url: 'mongodb://mongodb' } } } },
    processors: [{ name: 'gas', window: '1h', sql: 'SELECT count(*) AS n FROM transactions' }],
  },
};
