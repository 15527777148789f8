// What is made, what is only checked, and what is refused.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { isMillraceError } from '../../../errors.ts';
import { openCassandraLog } from './open.ts';
import { SCHEMA_VERSION, tables } from './schema.ts';
import { dropKeyspaces, logOptions, newKeyspace, session } from './servers.fixture.ts';

after(dropKeyspaces);

const differs = (what: string, problem: RegExp) => (error: unknown) => {
  assert.ok(isMillraceError(error, 'StoreDiffers'), String(error));
  assert.equal(error.fields.what, what);
  assert.match(String(error.fields.problem), problem);
  assert.equal(error.fields.store, logOptions.address.name);
  return true;
};

describe('Cassandra: keyspace and tables', () => {
  test('are made once, with time windows that fit the retention', async () => {
    const keyspace = newKeyspace();
    const retention = 180 * 86_400_000;
    // Roles start side by side.
    const logs = await Promise.all(
      [1, 2].map(() => openCassandraLog({ ...logOptions, keyspace, retention })),
    );
    await Promise.all(logs.map((log) => log.close()));
    const [described] = await session.read(
      'SELECT durable_writes, replication FROM system_schema.keyspaces WHERE keyspace_name = ?',
      [keyspace],
    );
    assert.equal(described?.durable_writes, true);
    assert.match(described?.replication.class, /NetworkTopologyStrategy$/);
    assert.equal(described?.replication[session.dataCentre], '1');
    const windows = await windowsOf(keyspace);
    assert.deepEqual(Object.keys(windows).sort(), Object.keys(tables).sort());
    assert.equal(windows.transactions, '6 DAYS');
    assert.equal(windows.canonical, 'LeveledCompactionStrategy');

    const longer = await openCassandraLog({ ...logOptions, keyspace, retention: 2 * retention });
    await longer.close();
    assert.equal(
      (await windowsOf(keyspace)).transactions,
      '12 DAYS',
      'a changed retention moves the windows',
    );

    const reader = await openCassandraLog({ ...logOptions, keyspace, retention, create: false });
    await reader.close();
    assert.equal((await windowsOf(keyspace)).transactions, '12 DAYS', 'a reader changes nothing');

    await assert.rejects(
      openCassandraLog({ ...logOptions, keyspace, replicationFactor: 3 }),
      differs(`keyspace ${keyspace}`, /replication factor in \S+ is 1, the manifest says 3/),
    );

    await session.define(`ALTER TABLE ${keyspace}.logs ADD note text`, 'to change');
    await assert.rejects(
      openCassandraLog({ ...logOptions, keyspace, create: false }),
      differs(`table ${keyspace}.logs`, /^it has note text$/),
    );
    await session.define(`ALTER TABLE ${keyspace}.logs DROP note`, 'to change');

    await session.define(
      `ALTER TABLE ${keyspace}.canonical WITH compaction = {'class': 'SizeTieredCompactionStrategy'}`,
      'to change',
    );
    await assert.rejects(
      openCassandraLog({ ...logOptions, keyspace }),
      differs(`table ${keyspace}.canonical`, /its compaction is SizeTiered\w+, not Leveled/),
    );
    await session.define(
      `ALTER TABLE ${keyspace}.canonical WITH compaction = {'class': 'LeveledCompactionStrategy'}`,
      'to change',
    );

    await session.define(
      `ALTER TABLE ${keyspace}.canonical WITH comment = 'Millrace transaction log, version ${SCHEMA_VERSION + 1}'`,
      'to change',
    );
    await assert.rejects(
      openCassandraLog({ ...logOptions, keyspace }),
      differs(`keyspace ${keyspace}`, /have version \d+, this Millrace knows up to/),
    );
  });

  test('that logs are left out is told once, and for ever', async () => {
    const keyspace = newKeyspace();
    const open = (more: { logs: boolean; create: boolean }) =>
      openCassandraLog({ ...logOptions, keyspace, ...more });
    await (await open({ logs: false, create: true })).close();
    for (const create of [true, false]) {
      await assert.rejects(
        open({ logs: true, create }),
        differs(
          `keyspace ${keyspace}`,
          /^its blocks are recorded without logs, and the manifest says spec.chain.ethereum.logs: true$/,
        ),
      );
      // Nothing was changed: with the right manifest it goes on.
      await (await open({ logs: false, create })).close();
    }
  });

  test('tables that were made before logs could be left out have them', async () => {
    const keyspace = newKeyspace();
    await (await openCassandraLog({ ...logOptions, keyspace })).close();
    await session.define(`ALTER TABLE ${keyspace}.canonical WITH comment = ''`, 'to change');
    await assert.rejects(
      openCassandraLog({ ...logOptions, keyspace, logs: false }),
      differs(`keyspace ${keyspace}`, /are recorded with logs/),
    );
    await (await openCassandraLog({ ...logOptions, keyspace })).close();
  });

  test('of two recorders that begin at once with different manifests at most one goes on', async () => {
    const keyspace = newKeyspace();
    const opened = await Promise.allSettled(
      [true, false].map((logs) => openCassandraLog({ ...logOptions, keyspace, logs })),
    );
    const went = opened.filter((each) => each.status === 'fulfilled');
    for (const { value } of went) await value.close();
    assert.ok(went.length <= 1, 'both went on');
  });

  test('another key of a table is named; what is missing of the others is not made', async () => {
    const keyspace = newKeyspace();
    await session.define(
      `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${session.dataCentre}': 1}`,
      'to create',
    );
    await session.define(
      `CREATE TABLE ${keyspace}.recorded (block_hash blob PRIMARY KEY, rows bigint)`,
      'to create',
    );
    await assert.rejects(
      openCassandraLog({ ...logOptions, keyspace }),
      differs(`table ${keyspace}.recorded`, /^it lacks kind text \(clustering 0\), bytes bigint$/),
    );
    assert.deepEqual(Object.keys(await windowsOf(keyspace)), ['recorded']);
  });

  test('a role that may not make them waits for the recorder', async () => {
    await assert.rejects(
      openCassandraLog({ ...logOptions, keyspace: newKeyspace(), create: false }),
      (error) => {
        assert.ok(isMillraceError(error, 'LogNotMade'));
        assert.ok(error.retry);
        assert.match(error.message, /has no keyspace \w+ yet$/);
        return true;
      },
    );
  });

  test('an address where nobody listens, and a data centre that is not there', async () => {
    const { address } = logOptions;
    const nobody = { ...address, hosts: [{ host: '127.0.0.1', port: 1 }] };
    await assert.rejects(openCassandraLog({ ...logOptions, address: nobody, keyspace: 'x' }), (error) => {
      assert.ok(isMillraceError(error, 'StoreUnreachable'));
      assert.match(error.message, /ECONNREFUSED/);
      return true;
    });
    const elsewhere = { ...address, options: new Map([['datacenter', 'atlantis']]) };
    await assert.rejects(openCassandraLog({ ...logOptions, address: elsewhere, keyspace: 'x' }), (error) => {
      assert.ok(isMillraceError(error, 'StoreUnreachable'));
      assert.match(error.message, /atlantis/);
      return true;
    });
  });

  test('the data centre is found where the address names none', async () => {
    const keyspace = newKeyspace();
    const address = { ...logOptions.address, options: new Map<string, string>() };
    const log = await openCassandraLog({ ...logOptions, address, keyspace });
    assert.deepEqual(await log.coverage(), []);
    await log.close();
  });
});

/** `6 DAYS`, or the strategy of a table that has none. */
async function windowsOf(keyspace: string): Promise<Record<string, string>> {
  const rows = await session.read(
    'SELECT table_name, compaction FROM system_schema.tables WHERE keyspace_name = ?',
    [keyspace],
  );
  return Object.fromEntries(
    rows.map(({ table_name, compaction }) => [
      table_name,
      compaction.compaction_window_size
        ? `${compaction.compaction_window_size} ${compaction.compaction_window_unit}`
        : compaction.class.replace(/^.*\./, ''),
    ]),
  );
}
