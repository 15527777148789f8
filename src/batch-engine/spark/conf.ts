// What Spark is configured with. A login goes to the driver by its standard input, never by its command line.

import type { StoreAddress } from '../../stores/store-url.ts';

export interface SparkConfOptions {
  /** `local[*]` or `spark://host:port`. */
  readonly master: string;
  readonly cassandra: StoreAddress;
  readonly shipped: readonly string[];
  readonly tempFolder: string;
  readonly executorBytes: number;
  /** Where executors find the driver. Default: this machine's name. */
  readonly driverHost?: string | undefined;
}

const asMebibytes = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)}m`;

export function sparkConf(options: SparkConfOptions): Readonly<Record<string, string>> {
  const { master, cassandra, shipped, tempFolder, executorBytes, driverHost } = options;
  const { hosts, user, password, tls } = cassandra;
  const isLocal = master.startsWith('local');
  return {
    'spark.app.name': 'millrace',
    'spark.master': master,
    'spark.ui.enabled': 'false',
    'spark.local.dir': tempFolder,
    'spark.sql.warehouse.dir': `file:${tempFolder}/warehouse`,
    'spark.sql.catalogImplementation': 'in-memory',
    'spark.driver.maxResultSize': '64m',
    'spark.sql.shuffle.partitions': '8',
    // One attempt more than none: what fails by its data fails again.
    'spark.task.maxFailures': '2',
    'spark.speculation': 'false',
    ...(isLocal
      ? { 'spark.driver.host': '127.0.0.1', 'spark.driver.bindAddress': '127.0.0.1' }
      : {
          ...optional('spark.driver.host', driverHost),
          'spark.jars': shipped.join(','),
          'spark.executor.memory': asMebibytes(executorBytes),
          'spark.executor.extraJavaOptions': '-Dfile.encoding=UTF-8 -Duser.timezone=UTC -Duser.language=en',
        }),
    // What the translation relies on.
    'spark.sql.ansi.enabled': 'true',
    'spark.sql.session.timeZone': 'UTC',
    'spark.sql.decimalOperations.allowPrecisionLoss': 'false',
    'spark.sql.caseSensitive': 'true',
    // A statement is what it says, and reads what it names.
    'spark.sql.variable.substitute': 'false',
    'spark.sql.runSQLOnFiles': 'false',
    'spark.sql.extensions': 'com.datastax.spark.connector.CassandraSparkExtensions',
    'spark.cassandra.connection.host': hosts.map(({ host }) => host).join(','),
    'spark.cassandra.connection.port': String(hosts[0]?.port ?? 9042),
    ...optional('spark.cassandra.connection.localDC', cassandra.options.get('datacenter')),
    ...optional('spark.cassandra.auth.username', user),
    ...optional('spark.cassandra.auth.password', password),
    ...(tls === undefined ? {} : { 'spark.cassandra.connection.ssl.enabled': 'true' }),
    'spark.cassandra.input.consistency.level': 'LOCAL_QUORUM',
  };
}

function optional(name: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: value };
}

/** Where rows are staged. MariaDB's own driver is called directly: Spark writes no SQL of its own there. */
export function sinkOf({ hosts, user, password, tls }: StoreAddress): {
  readonly url: string;
  readonly login: Readonly<Record<string, string>>;
} {
  const list = hosts.map(({ host, port }) => `address=(host=${host})(port=${port})(type=primary)`).join(',');
  return {
    url: `jdbc:mariadb://${list}/`,
    login: {
      ...optional('user', user),
      ...optional('password', password),
      ...(tls === undefined ? {} : { sslMode: 'verify-full', ...optional('serverSslCert', tls.ca) }),
      connectTimeout: '10000',
      socketTimeout: '300000',
      useBulkStmts: 'true',
      timezone: 'UTC',
    },
  };
}
