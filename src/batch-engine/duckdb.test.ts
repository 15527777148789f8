import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import type { ResultRow } from '../stores/results/port.ts';
import { openEmbeddedTransactionLog } from '../stores/transaction-log/embedded/open.ts';
import { DEFAULT_SEGMENT_SIZE } from '../stores/transaction-log/embedded/segment-size.ts';
import { writeBlock } from '../stores/transaction-log/made-blocks.ts';
import { mainnetBlocks } from '../stores/transaction-log/mainnet-blocks.ts';
import type { TimeRange, TransactionLog } from '../stores/transaction-log/port.ts';
import { transferValue } from '../stores/transaction-log/transfer-value.ts';
import { openDuckDbEngine } from './duckdb.ts';
import type { BatchEngine, QueryRequest } from './port.ts';

const limits = { timeMs: 30_000, rows: 100_000, memoryBytes: 256 * 1024 * 1024, bytes: 64 * 1024 * 1024 };
const real = mainnetBlocks();
const transactions = real.flatMap((made) => made.transactions);
const logs = real.flatMap((made) => made.logs);
const transfers = logs.flatMap((row) => {
  const value = transferValue(row);
  return value === null
    ? []
    : [{ address: row.address, from: `0x${String(row.topic1).slice(-40)}`, value: BigInt(value) }];
});
const total = (values: Iterable<bigint>) => [...values].reduce((sum, value) => sum + value, 0n);
const wei = (row: object, column: string) => BigInt((row as Record<string, string | null>)[column] ?? 0);

// 15 blocks in a segment, 5 final and 3 provisional ones beside it.
describe('DuckDB over 23 real blocks', () => {
  let folder: string;
  let log: TransactionLog;
  let engine: BatchEngine;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-duckdb-'));
    const segmentSize = { ...DEFAULT_SEGMENT_SIZE, least: 100 };
    log = await openEmbeddedTransactionLog({ folder, clock: systemClock, logger: silentLogger, segmentSize });
    await log.appendFinal(real.slice(0, 15));
    await log.flush();
    for (const [at, made] of real.slice(15).entries())
      await writeBlock(log, made, at < 5 ? 'final' : 'new', at + 1);
    engine = await openDuckDbEngine({ tempFolder: folder, clock: systemClock });
  });
  after(async () => {
    await engine.close();
    await log.close();
    await rm(folder, { recursive: true });
  });

  type Asked = Partial<Pick<QueryRequest, 'limits' | 'signal'>> & {
    readonly window?: TimeRange;
    readonly provisional?: boolean;
  };
  const query = async (sql: string, asked: Asked = {}): Promise<readonly ResultRow[]> => {
    const { provisional = true, window, signal = new AbortController().signal } = asked;
    const scan = await log.scan(window === undefined ? { provisional } : { provisional, time: window });
    const request = { sql, where: 'query', scan, limits: asked.limits ?? limits, signal };
    return await engine.run(window === undefined ? request : { ...request, window }, async ({ rows }) => {
      const all: ResultRow[] = [];
      for await (const chunk of rows) all.push(...chunk);
      return all;
    });
  };

  test('figures equal those computed from the rows by other code', async () => {
    const byToken = Map.groupBy(transfers, (row) => row.address);
    const fees = total(
      transactions.map((row) => wei(row, 'receipt_gas_used') * wei(row, 'receipt_effective_gas_price')),
    );
    const largest = transfers.reduce((a, b) => (b.value > a.value ? b : a)).value;
    const figures: readonly (readonly [string, readonly ResultRow[]])[] = [
      ['SELECT count(*) FROM transactions', [[transactions.length]]],
      ['SELECT count(*) FROM logs', [[logs.length]]],
      ['SELECT count(*) FROM blocks', [[real.length]]],
      ['SELECT count(*) FROM transfers', [[transfers.length]]],
      [
        'SELECT sum(value) FROM transactions',
        [[String(total(transactions.map((row) => wei(row, 'value'))))]],
      ],
      ['SELECT sum(receipt_gas_used * receipt_effective_gas_price) FROM transactions', [[String(fees)]]],
      ['SELECT uint256_sum(value) FROM transfers', [[String(total(transfers.map((row) => row.value)))]]],
      ['SELECT uint256_max(value) FROM transfers', [[String(largest)]]],
      ['SELECT sum(value) FROM transfers', [[String(total(transfers.map((row) => row.value)))]]],
      ['SELECT max(v) FROM (SELECT value AS v FROM transfers)', [[String(largest)]]],
      ['SELECT value AS v FROM transfers ORDER BY v DESC LIMIT 1', [[String(largest)]]],
      [
        'SELECT count(*) FROM transfers WHERE value > 1000000000000000000000',
        [[transfers.filter((row) => row.value > 10n ** 21n).length]],
      ],
      [`SELECT count(*) > 0 FROM transfers WHERE value = '${largest}'`, [[true]]],
      ['SELECT max(value) / 1e18 FROM transfers', [[Number(largest) / 1e18]]],
      [
        `SELECT token_address, count(*) AS n, uint256_sum(value) AS amount FROM transfers
         GROUP BY token_address ORDER BY amount DESC, token_address`,
        [...byToken]
          .map(([token, rows]) => ({ token, n: rows.length, amount: total(rows.map((row) => row.value)) }))
          .sort((a, b) =>
            a.amount === b.amount ? (a.token < b.token ? -1 : 1) : a.amount > b.amount ? -1 : 1,
          )
          .map(({ token, n, amount }): ResultRow => [token, n, String(amount)]),
      ],
      [
        'SELECT count(*) FROM transfers WHERE uint256_gt(value, 1000000000000000000000)',
        [[transfers.filter((row) => row.value > 10n ** 21n).length]],
      ],
      [
        'SELECT count(DISTINCT from_address) FROM transactions',
        [[new Set(transactions.map((row) => row.from_address)).size]],
      ],
      [
        'SELECT block_number, count(*) FROM logs GROUP BY block_number ORDER BY block_number',
        real
          .filter((made) => made.logs.length > 0)
          .map((made): ResultRow => [made.block.number, made.logs.length]),
      ],
      [
        'SELECT DISTINCT from_address FROM transfers ORDER BY from_address LIMIT 5',
        [...new Set(transfers.map((row) => row.from))]
          .sort()
          .slice(0, 5)
          .map((address) => [address]),
      ],
    ];
    for (const [sql, expected] of figures) assert.deepEqual(await query(sql), expected, sql);
  });

  test('what people write runs', async () => {
    const statements = [
      'FROM blocks',
      'SELECT * FROM transactions LIMIT 3',
      'SELECT * FROM logs LIMIT 3',
      'SELECT * FROM transfers LIMIT 3',
      'SELECT "value" / 1e18 AS ether FROM transactions ORDER BY value DESC LIMIT 5',
      "SELECT date_trunc('minute', block_timestamp) AS minute, count(*) AS n FROM transactions GROUP BY ALL ORDER BY 1",
      "SELECT time_bucket(INTERVAL '30 seconds', block_timestamp) AS t, avg(gas_price) AS price FROM transactions GROUP BY 1",
      'WITH big AS (SELECT * FROM transactions WHERE value > 1e18) SELECT count(*) AS n FROM big b JOIN logs l ON l.transaction_hash = b.hash',
      'SELECT to_address, count(*) AS n FROM transactions GROUP BY to_address HAVING count(*) > 10 ORDER BY n DESC',
      'SELECT hash, row_number() OVER (PARTITION BY block_number ORDER BY gas_price DESC) AS r FROM transactions QUALIFY r = 1',
      'SELECT number, gas_used - lag(gas_used) OVER (ORDER BY number) AS change FROM blocks',
      'SELECT CASE WHEN to_address IS NULL THEN 1 ELSE 0 END AS creates, count(*) AS n FROM transactions GROUP BY 1',
      'SELECT coalesce(to_address, receipt_contract_address) AS target FROM transactions LIMIT 1',
      "SELECT substring(input, 1, 10) AS method, count(*) AS n FROM transactions WHERE input <> '0x' GROUP BY 1 ORDER BY n DESC LIMIT 5",
      'SELECT count(*) FILTER (WHERE receipt_status = 0) AS failed, quantile_cont(gas, 0.5) AS median FROM transactions',
      "SELECT string_agg(hash, ',' ORDER BY number) AS hashes FROM blocks",
      'SELECT topics[1] AS first, len(topics) AS n FROM logs LIMIT 1',
      "SELECT count(*) AS n FROM logs WHERE list_contains(topics, '0x00')",
      'SELECT unnest(topics) AS topic FROM logs LIMIT 4',
      'SELECT a.n FROM (SELECT count(*) AS n FROM logs) a UNION ALL SELECT count(*) FROM blocks',
      'SELECT hash FROM transactions WHERE hash IN (SELECT transaction_hash FROM transfers) LIMIT 2',
      'SELECT t.hash FROM transactions t WHERE EXISTS (SELECT 1 FROM logs l WHERE l.transaction_hash = t.hash) LIMIT 2',
      "SELECT hash FROM transactions WHERE to_address LIKE '0x7a25%' AND block_timestamp >= TIMESTAMP '2023-07-13 17:40:00' LIMIT 1",
      'SELECT token_address, uint256_sum(value) AS s FROM transfers GROUP BY 1 ORDER BY s DESC LIMIT 3',
      'SELECT hash FROM transactions ORDER BY value DESC NULLS LAST LIMIT 2 OFFSET 1',
      'SELECT uint256_to_double(value) / 1e6 AS usd FROM transfers LIMIT 1',
      'SELECT block_number, transaction_type, count(*) AS n FROM transactions GROUP BY ROLLUP (block_number, transaction_type)',
      "SELECT strftime(block_timestamp, '%Y-%m-%d') AS day, dayofweek(block_timestamp) AS d FROM transactions LIMIT 1",
      'SELECT max_by(hash, gas_price) AS dearest FROM transactions',
      'SELECT i FROM range(3) t(i)',
    ];
    for (const sql of statements) assert.ok((await query(sql)).length > 0, sql);
  });

  test('values come out exact, and in one form', async () => {
    const [row] =
      await query(`SELECT 9007199254740993::BIGINT AS big, 5::BIGINT AS small, 1.50::DECIMAL(10, 2) AS price,
      (2::HUGEINT << 100) AS huge, TIMESTAMP '2024-02-29 01:02:03' AS t, TIMESTAMP '2024-02-29 01:02:03.25' AS fine,
      DATE '2024-02-29' AS d, 'NaN'::DOUBLE AS nan, 1 / 0 AS none, true AS yes, NULL AS nothing, -0.5 AS half`);
    assert.deepEqual(row, [
      '9007199254740993',
      5,
      '1.50',
      String(2n << 100n),
      '2024-02-29T01:02:03Z',
      '2024-02-29T01:02:03.250000Z',
      '2024-02-29',
      null,
      null,
      true,
      null,
      '-0.5',
    ]);
  });

  test('arithmetic on amounts is exact or fails, never silently approximate', async () => {
    const max = (1n << 256n) - 1n;
    const amounts = `(VALUES ('${max}'), ('${max}'), ('9'), (NULL)) t(x)`;
    const exact: readonly (readonly [string, readonly (string | number | boolean | null)[]])[] = [
      [
        `SELECT uint256_sum(x), uint256_max(x), uint256_min(x) FROM ${amounts}`,
        [String(2n * max + 9n), String(max), '9'],
      ],
      [`SELECT uint256_sum(x), uint256_max(x) FROM ${amounts} WHERE false`, [null, null]],
      [
        `SELECT uint256_add('${max}', 1), uint256_sub('${max}', '9'), uint256_sub('0', '${max}')`,
        [String(max + 1n), String(max - 9n), String(-max)],
      ],
      [
        "SELECT uint256_compare('10', '9'), uint256_compare('9', '9'), uint256_compare(NULL, '9')",
        [1, 0, null],
      ],
      ["SELECT uint256_gt('10', '9'), uint256_le('10', '9'), uint256_eq('010', '10')", [true, false, true]],
    ];
    for (const [sql, expected] of exact) assert.deepEqual((await query(sql))[0], expected, sql);
    const failing = [
      "SELECT uint256('1.5') AS x",
      "SELECT uint256('1e3') AS x",
      "SELECT uint256('') AS x",
      'SELECT value * value AS x FROM transactions',
      'SELECT value::BIGINT AS x FROM transfers',
      'SELECT value::DECIMAL(38, 0) AS x FROM transfers',
      `SELECT '${max}'::DECIMAL(38, 0) AS x`,
    ];
    for (const sql of failing) await assert.rejects(query(sql), hasCode('SqlFailed'), sql);
  });

  test('a window shows its blocks and nothing beside them, at both edges', async () => {
    // One window within the segment, one across its end.
    for (const [first, last] of [
      [3, 8],
      [12, 18],
      [0, 1],
      [19, 22],
    ] as const) {
      const window = { from: real[first]?.block.timestamp ?? 0, to: real[last]?.block.timestamp ?? 0 };
      const inside = real.slice(first, last);
      const counts = [
        ['blocks', inside.length],
        ['transactions', inside.reduce((sum, made) => sum + made.transactions.length, 0)],
        ['logs', inside.reduce((sum, made) => sum + made.logs.length, 0)],
      ] as const;
      for (const [table, count] of counts) {
        const time = table === 'blocks' ? 'timestamp' : 'block_timestamp';
        const sql = `SELECT count(*), epoch(min("${time}"))::BIGINT, epoch(max("${time}"))::BIGINT FROM ${table}`;
        assert.deepEqual(await query(sql, { window }), [
          [count, window.from, inside.at(-1)?.block.timestamp ?? 0],
        ]);
      }
    }
  });

  test('the files of the log are no tables, under no name', async () => {
    const scan = await log.scan({ provisional: false });
    await scan.release();
    const [file = ''] = scan.files.blocks;
    assert.match(file, /blocks\.parquet$/);
    // The Kelvin sign is a k in lower case, but not for DuckDB.
    const alike = file.replace('blocks', 'bloc\u212As');
    const window = { from: real[3]?.block.timestamp ?? 0, to: real[5]?.block.timestamp ?? 0 };
    for (const sql of [
      `SELECT count(*) AS n FROM "${file}"`,
      `WITH "${alike}" AS (SELECT 1 AS a) SELECT count(*) AS n FROM "${file}"`,
      `WITH "${file}" AS (SELECT 1 AS a) SELECT count(*) AS n FROM "${alike}"`,
    ]) {
      await assert.rejects(query(sql, { window }), hasCode('SqlDenied'), sql);
    }
  });

  test('rows that may be undone are seen only where they are asked for', async () => {
    const sql = 'SELECT max(number) FROM blocks';
    assert.deepEqual(await query(sql, { provisional: true }), [[17_686_132]]);
    assert.deepEqual(await query(sql, { provisional: false }), [[17_686_129]]);
  });

  test('limits on rows, time and memory end a query, and the next one runs', async () => {
    const endless = 'SELECT count(*) AS n FROM range(10000000000) a(i), range(1000) b(j) WHERE i * j = -1';
    const greedy = `SELECT string_agg(a.input, '') AS x FROM transactions a, range(500) r(i)`;
    const long = `SELECT repeat('x', 16000) AS r FROM range(5000)`;
    const cases = [
      [long, limits, /bytes: the answer is longer than 67108864/],
      ['SELECT number FROM blocks', { ...limits, bytes: 100 }, /bytes/],
      ['SELECT hash FROM transactions', { ...limits, rows: 10 }, /more than 10/],
      [endless, { ...limits, timeMs: 300 }, /300 ms/],
      [greedy, { ...limits, memoryBytes: 32 * 1024 * 1024 }, /memory/],
    ] as const;
    for (const [sql, tight, says] of cases) {
      await assert.rejects(query(sql, { limits: tight }), (error: unknown) => {
        assert.ok(isMillraceError(error, 'SqlLimit'), String(error));
        assert.match(error.message, says);
        return true;
      });
    }
    assert.deepEqual(
      await query('SELECT hash FROM transactions LIMIT 10', { limits: { ...limits, rows: 10 } }).then(
        (rows) => rows.length,
      ),
      10,
    );
    const spills = (await readdir(folder)).filter((name) => name.startsWith('query-'));
    assert.deepEqual(spills, []);
  });

  test('a signal ends a query at once, with its own reason', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const running = query(
      'SELECT count(*) AS n FROM range(10000000000) a(i), range(1000) b(j) WHERE i * j = -1',
      {
        signal: abort.signal,
      },
    );
    setTimeout(() => abort.abort(reason), 200);
    await assert.rejects(running, reason);
    await assert.rejects(query('SELECT 1', { signal: abort.signal }), reason);
  });

  test('a signal ends a query in whatever it is at: its guard, its session, its tables', async () => {
    const endless = 'SELECT count(*) AS n FROM range(10000000000) a(i), transactions WHERE i * gas = -1';
    for (const ms of [0, 1, 3, 5, 8, 12, 20, 30]) {
      const abort = new AbortController();
      const reason = new Error(`enough after ${ms} ms`);
      const running = query(endless, { signal: abort.signal, limits: { ...limits, timeMs: 5_000 } });
      const refused = assert.rejects(running, reason);
      await systemClock.sleep(ms);
      const from = performance.now();
      abort.abort(reason);
      await refused;
      const took = performance.now() - from;
      assert.ok(took < 1_000, `given up after ${ms} ms, it ended ${took} ms later`);
    }
  });

  test('what makes much out of little is bounded', async () => {
    const tooMuch = [
      `SELECT length(repeat('x', 200000)) AS r FROM range(5000)`,
      `SELECT length(repeat('xx', 40000)) AS r`,
      `SELECT length(repeat('', 1000000000) || lpad('x', 1000000, ' ')) AS r`,
      `SELECT length(rpad('x', 1000000, ' ')) AS r`,
      `SELECT length(replace(repeat('x', 16000), 'x', repeat('y', 16000))) AS r`,
      `SELECT length(regexp_replace(repeat('x', 16000), '', repeat('y', 16000), 'g')) AS r`,
      `SELECT length(regexp_replace(repeat('x', 16000), '.*', repeat('\\0', 8000))) AS r`,
      `SELECT regexp_replace(input, '.', repeat('y', 16000), 'g') AS r FROM transactions WHERE strlen(input) > 100`,
      'SELECT len(range(1000000000)) AS r',
      'SELECT len(range(0, 100000)) AS r',
      'SELECT len(generate_series(100000, 0, -1)) AS r',
      `SELECT length(rpad('x', 1000000000, ' ')) AS r`,
    ];
    const before = process.resourceUsage().maxRSS;
    for (const sql of tooMuch) {
      await assert.rejects(query(sql), (error: unknown) => {
        assert.ok(isMillraceError(error, 'SqlFailed'), `${sql}: ${error}`);
        assert.match(error.message, /more than/, sql);
        return true;
      });
    }
    const grown = (process.resourceUsage().maxRSS - before) / 1024;
    assert.ok(grown < 1_000, `refusing them took ${grown} MiB`);
    assert.deepEqual(
      await query(`SELECT repeat('ab', 2), lpad('7', 3, '0'), rpad('7', 3, '0'), replace('0xaxa', 'a', 'bb'),
        array_to_string(range(3), ' '), array_to_string(range(1, 3), ' '), array_to_string(generate_series(4, 1, -2), ' '),
        array_to_string(range(5, 1), ' '), format('{:.2f}', 1.5), printf('%05d', 7), repeat(NULL::VARCHAR, 3)`),
      [['abab', '007', '700', '0xbbxbb', '0 1 2', '1 2', '4 2', '', '1.50', '00007', null]],
    );
  });

  test('bounded functions answer as DuckDB does, also within each other', async () => {
    const [row] = await query(`SELECT regexp_replace('0xabab', 'a', 'z'), regexp_replace('0xabab', '^0x', ''),
      regexp_replace('0xabab', '(a)(b)', '\\2\\1', 'g'), regexp_replace('AbaB', 'b', '-', 'gi'),
      regexp_replace(NULL::VARCHAR, 'a', 'b', 'g'), regexp_replace('a', NULL, 'b'), replace('aXb', 'X', NULL)`);
    assert.deepEqual(row, ['0xzbab', 'abab', '0xbaba', 'A-a-', null, null, null]);
    const longest = 'SELECT max(strlen(input)) AS n FROM transactions';
    const [[most] = []] = await query(longest);
    assert.ok(Number(most) > 10_000, `the longest input has ${most} bytes`);
    const through = `regexp_replace(regexp_replace(input, '^0x', ''), '00', '.', 'g')`;
    assert.deepEqual(
      await query(`SELECT count(*) FROM transactions WHERE strlen(${through}) < strlen(input)`),
      [[transactions.length]],
    );
    // Doubling at each level, this would be 10^9 calls.
    const nested = Array.from({ length: 30 }).reduce<string>((sql) => `replace(${sql}, 'a', 'b')`, 'hash');
    const counted = `SELECT count(*) FROM transactions WHERE contains(${nested}, 'a')`;
    assert.deepEqual(await query(counted, { limits: { ...limits, timeMs: 5_000 } }), [[0]]);
  });

  test('an answer of long texts is handed on in pieces', async () => {
    const scan = await log.scan({ provisional: false });
    const sql = `SELECT repeat('x', 16000) AS r FROM range(1000)`;
    const { signal } = new AbortController();
    const lengths: number[] = [];
    await engine.run({ sql, where: 'query', scan, limits, signal }, async ({ rows }) => {
      for await (const chunk of rows) lengths.push(chunk.length);
    });
    assert.equal(
      lengths.reduce((sum, length) => sum + length, 0),
      1_000,
    );
    assert.ok(Math.max(...lengths) < 300, `${lengths}`);
  });

  test('an error of whoever takes the rows passes as it is', async () => {
    const scan = await log.scan({ provisional: false });
    const failure = new Error('the store is full');
    const run = engine.run(
      { sql: 'SELECT 1', where: 'query', scan, limits, signal: new AbortController().signal },
      async () => {
        throw failure;
      },
    );
    await assert.rejects(run, failure);
  });
});

function hasCode(code: Parameters<typeof isMillraceError>[1]): (error: unknown) => boolean {
  return (error) => isMillraceError(error, code);
}
