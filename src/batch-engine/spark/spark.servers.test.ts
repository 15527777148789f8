import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import { createLogger, silentLogger } from '../../logger.ts';
import { sparkConf } from './conf.ts';
import { Driver, JobFailed } from './driver.ts';
import { prepareSpark, writeLogging } from './setup.ts';
import { cache, openSpark, openSparkPlace, type SparkPlace } from './spark.fixture.ts';
import { startStandalone } from './standalone.fixture.ts';

const perToken = `SELECT token_address, count(*) AS n, sum(value) AS total, max(value) AS high FROM transfers
  GROUP BY token_address ORDER BY total DESC, token_address LIMIT 20`;

/** A folder as Spark's own distribution is: its jars, without connector and JDBC driver. */
async function installedSpark(t: TestContext): Promise<string> {
  await prepareSpark({ cache, logger: silentLogger });
  const lib = join(cache, 'servers', 'spark', 'lib');
  const home = await mkdtemp(join(tmpdir(), 'millrace-spark-home-'));
  t.after(() => rm(home, { recursive: true }));
  await mkdir(join(home, 'jars'));
  const ours = /^(spark-cassandra-connector|java-driver|native-protocol|mariadb-java-client)/;
  const own = (await readdir(lib)).filter((name) => !ours.test(name));
  for (const name of own) await symlink(join(lib, name), join(home, 'jars', name));
  return home;
}

describe('Spark', () => {
  let place: SparkPlace;
  before(async () => {
    place = await openSparkPlace();
  });
  after(() => place?.close());

  test('a window through the master and worker of an installed Spark, which has none of our jars, gives the rows that DuckDB gives', async (t) => {
    const sparkHome = await installedSpark(t);
    const standalone = await startStandalone(join(sparkHome, 'jars'));
    const spark = await openSpark(place, {
      ...{ master: standalone.master, sparkHome, driverHost: '127.0.0.1' },
      executorBytes: 640 * 1024 * 1024,
    });
    try {
      assert.deepEqual(await place.rows(spark, perToken), await place.rows(place.duckdb, perToken));
    } finally {
      await spark.close();
      await standalone.close();
    }
  });

  test('limits end a job; a driver that is killed is started again; all of it leaves no staging table', async () => {
    const drivers: number[] = [];
    const write = (line: string) => {
      const { pid } = JSON.parse(line) as { readonly pid?: number };
      if (pid !== undefined) drivers.push(pid);
    };
    const spark = await openSpark(place, { logger: createLogger({ destination: { write } }) });
    const limited = async (sql: string, changed: Parameters<SparkPlace['rows']>[2], what: RegExp) => {
      const error = await place.rows(spark, sql, changed).catch((reason: unknown) => reason);
      assert.ok(isMillraceError(error, 'SqlLimit'), String(error));
      assert.match(error.message, what);
    };
    try {
      await limited('SELECT hash FROM transactions', { rows: 100 }, /rows: there are more than 100/);
      await limited(
        'SELECT input FROM transactions',
        { bytes: 10_000 },
        /bytes: the answer is longer than 10000/,
      );
      const endless =
        'SELECT count(*) AS n FROM logs a, logs b, logs c WHERE a.log_index + b.log_index < c.log_index';
      await limited(endless, { timeMs: 3_000 }, /time: 3000 ms/);
      const overflow = await place
        .rows(
          spark,
          'SELECT max(value * 100000000000000000000) * 100000000000 AS n FROM transactions WHERE value > 0',
        )
        .catch((reason: unknown) => reason);
      assert.ok(isMillraceError(overflow, 'SqlFailed'), String(overflow));

      const started = drivers.length;
      const pid = drivers.at(-1);
      assert.ok(pid !== undefined);
      const running = place.rows(spark, endless).catch((reason: unknown) => reason);
      await sleep(2_000);
      process.kill(pid, 'SIGKILL');
      const killed = await running;
      assert.ok(isMillraceError(killed, 'SparkUnusable') && killed.retry, String(killed));
      assert.deepEqual(await place.rows(spark, 'SELECT count(*) AS n FROM blocks'), [[23]]);
      assert.equal(drivers.length, started + 1);
      assert.deepEqual(await place.stagingTables(), []);
    } finally {
      await spark.close();
    }
  });

  test('what reaches the driver past the first guard is refused by the second, and touches nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-second-guard-'));
    const canary = join(folder, 'canary.txt');
    await writeFile(canary, 'secret\n');
    const { classPath, shipped } = await prepareSpark({ cache, logger: silentLogger });
    const conf = sparkConf({ ...place.options, shipped, tempFolder: folder, executorBytes: 0 });
    const loggingFile = await writeLogging(folder);
    const driver = new Driver({
      ...{ classPath, conf, loggingFile, heapBytes: 512 * 1024 * 1024, tempFolder: folder },
      clock: systemClock,
      logger: silentLogger,
    });
    const hostile = [
      "SELECT reflect('java.lang.System', 'getenv', 'HOME') AS c0",
      "SELECT java_method('java.lang.System', 'exit', 1) AS c0",
      `SELECT value AS c0 FROM text.\`${canary}\``,
      `INSERT OVERWRITE DIRECTORY '${folder}/out' USING text SELECT 'x'`,
      `CREATE TABLE stolen USING text LOCATION '${canary}'`,
      `CREATE TEMPORARY VIEW blocks USING text OPTIONS (path '${canary}')`,
      `ADD FILE '${canary}'`,
      'SET spark.sql.ansi.enabled = false',
      "SELECT TRANSFORM (1) USING 'cat' AS (c0)",
      'SELECT input_file_name() AS c0',
      'SELECT uuid() AS c0',
      'SELECT current_timestamp() AS c0',
      'SELECT (SELECT max(x) FROM VALUES (1) AS t(x)) AS c0',
      'SELECT id AS c0 FROM range(10)',
      'SELECT * FROM cass.system.local',
      'SHOW TABLES',
      'EXPLAIN SELECT 1',
    ];
    try {
      const signal = new AbortController().signal;
      for (const sql of hostile) {
        const job = {
          keyspace: 'none',
          blocks: [],
          views: [],
          sql,
          ordered: false,
          limits: { rows: 1, bytes: 1 },
        };
        const error = await driver.run(job, signal).catch((reason: unknown) => reason);
        assert.ok(
          error instanceof JobFailed && ['denied', 'failed'].includes(error.kind),
          `${sql}: ${String(error)}`,
        );
        assert.doesNotMatch(error.message, /secret|NullPointer/, sql);
      }
      // Spark makes the folder of its warehouse by itself; nothing may be in it, nor be written elsewhere.
      const left = await readdir(folder, { recursive: true });
      assert.deepEqual(
        left.filter((name) => /out|stolen|warehouse\/./.test(name)),
        [],
      );
    } finally {
      await driver.close();
      await rm(folder, { recursive: true });
    }
  });
});
