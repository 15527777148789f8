// The same SQL for both engines: what parity.servers.test.ts runs over real blocks, and the page on SQL can point to. Rows are
// in an order of their own, so that they can be compared one by one.

export const parityQueries: Readonly<Record<string, string>> = {
  'count and sums of integers and wei': `SELECT count(*) AS n, sum(receipt_gas_used) AS gas, sum(value) AS wei,
    sum(receipt_gas_used * receipt_effective_gas_price) AS fees, min(nonce) AS low, max(gas) AS high FROM transactions`,
  'groups and averages': `SELECT transaction_type, receipt_status, count(*) AS n, avg(gas) AS gas, avg(value) AS wei
    FROM transactions GROUP BY 1, 2 ORDER BY 1, 2`,
  'having and an order by an aggregate': `SELECT from_address, count(*) AS n, sum(value) AS wei FROM transactions
    GROUP BY from_address HAVING count(*) > 3 ORDER BY n DESC, from_address LIMIT 25`,
  'distinct counts and filters': `SELECT count(DISTINCT from_address) AS senders, count(*) FILTER (WHERE receipt_status = 0) AS failed,
    count(to_address) AS called, sum(DISTINCT transaction_type) AS kinds FROM transactions`,
  'a join with logs': `SELECT t.hash, t.receipt_gas_used, count(l.log_index) AS events FROM transactions t
    LEFT JOIN logs l ON l.transaction_hash = t.hash GROUP BY t.hash, t.receipt_gas_used ORDER BY events DESC, t.hash LIMIT 50`,
  'a join by a range': `SELECT b.number, count(*) AS n FROM blocks b JOIN transactions t
    ON t.block_number = b.number AND t.gas > b.gas_used / 100 GROUP BY b.number ORDER BY b.number`,
  'a full outer join with NULLs on both sides': `SELECT a.number AS low, b.number AS high FROM (SELECT number FROM blocks WHERE number % 2 = 0) a
    FULL JOIN (SELECT number FROM blocks WHERE number % 3 = 0) b ON a.number = b.number ORDER BY 1 NULLS FIRST, 2`,
  'transfers: exact sums, extremes, order': `SELECT token_address, count(*) AS n, sum(value) AS total, min(value) AS low, max(value) AS high
    FROM transfers GROUP BY token_address ORDER BY total DESC, token_address LIMIT 40`,
  'transfers: one by one, largest first': `SELECT transaction_hash, log_index, from_address, to_address, value FROM transfers
    ORDER BY value DESC, transaction_hash, log_index LIMIT 60`,
  'transfers: functions of uint256': `SELECT uint256_sum(value) AS a, uint256_max(value) AS b, uint256_min(value) AS c,
    uint256_sub('5', uint256_sum(value)) AS d, uint256_add(max(value), max(value)) AS e, sum(uint256_compare(value, '1000000')) AS f,
    count(*) FILTER (WHERE uint256_gt(value, '1000000000000000000')) AS g, round(uint256_to_double(max(value)) / 1e60, 3) AS h FROM transfers`,
  'transfers: compared, grouped, distinct': `SELECT value > '115792089237316195423570985008687907853269984665640564039457584007913129639934' AS unlimited,
    count(*) AS n, count(DISTINCT value) AS amounts FROM transfers GROUP BY 1 ORDER BY 1`,
  'transfers joined by amount': `SELECT a.value, count(*) AS pairs FROM transfers a JOIN transfers b
    ON a.value = b.value AND a.token_address < b.token_address WHERE a.value > 0 GROUP BY a.value ORDER BY pairs DESC, a.value LIMIT 20`,
  'balances: what came less what went': `SELECT account, sum(change) AS balance FROM (SELECT to_address AS account, value AS change FROM transfers
    UNION ALL SELECT from_address, 0 - value FROM transfers) GROUP BY account ORDER BY balance, account LIMIT 30`,
  'wei against uint256': `SELECT count(*) AS n FROM transactions WHERE uint256_ge(value, uint256('1000000000000000000'))`,
  'window functions: rank, lag, running sum': `SELECT number, gas_used, rank() OVER (ORDER BY gas_used DESC) AS place,
    gas_used - lag(gas_used) OVER (ORDER BY number) AS change, sum(gas_used) OVER (ORDER BY number ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS three,
    avg(gas_used) OVER () AS mean FROM blocks ORDER BY number`,
  'the first of each group': `SELECT block_number, hash, value FROM (SELECT *, row_number() OVER (PARTITION BY block_number
    ORDER BY value DESC, hash) AS place FROM transactions) WHERE place <= 2 ORDER BY block_number, place`,
  'window functions over amounts': `SELECT log_index, value, sum(value) OVER (PARTITION BY token_address ORDER BY block_number, log_index) AS running,
    first_value(value) OVER (PARTITION BY token_address ORDER BY block_number, log_index) AS first, ntile(4) OVER (ORDER BY block_number, log_index) AS quarter
    FROM transfers WHERE token_address = '0xdac17f958d2ee523a2206206994597c13d831ec7' ORDER BY block_number, log_index`,
  'CASE, COALESCE and NULLs': `SELECT CASE WHEN to_address IS NULL THEN 'creates' WHEN input = '0x' THEN 'pays' ELSE 'calls' END AS kind,
    count(*) AS n, count(receipt_contract_address) AS made, max(coalesce(receipt_contract_address, 'none')) AS last,
    sum(if(max_fee_per_gas IS NULL, 1, 0)) AS legacy, min(nullif(transaction_type, 0)) AS typed FROM transactions GROUP BY 1 ORDER BY 1`,
  'common table expressions used twice': `WITH fees AS (SELECT block_number, receipt_gas_used * receipt_effective_gas_price AS fee FROM transactions),
    per_block AS (SELECT block_number, sum(fee) AS total FROM fees GROUP BY block_number)
    SELECT p.block_number, p.total, q.total AS next FROM per_block p LEFT JOIN per_block q ON q.block_number = p.block_number + 1 ORDER BY 1`,
  'scalar, IN and EXISTS subqueries': `SELECT (SELECT max(number) FROM blocks) AS newest, count(*) AS n FROM transactions t
    WHERE t.from_address IN (SELECT miner FROM blocks) OR EXISTS (SELECT 1 FROM transfers f WHERE f.transaction_hash = t.hash AND f.value > 1000000000)`,
  'NOT IN with NULLs': `SELECT count(*) AS n FROM blocks WHERE miner NOT IN (SELECT to_address FROM transactions)`,
  'a correlated count': `SELECT b.number, (SELECT count(*) FROM transactions t WHERE t.block_number = b.number AND t.receipt_status = 0) AS failed
    FROM blocks b ORDER BY b.number`,
  'set operations': `SELECT address FROM (SELECT from_address AS address FROM transactions INTERSECT SELECT to_address FROM transactions
    EXCEPT SELECT miner FROM blocks) ORDER BY address LIMIT 40`,
  'time buckets': `SELECT date_trunc('minute', block_timestamp) AS minute, time_bucket(INTERVAL '2 minutes', block_timestamp) AS two,
    hour(block_timestamp) AS hour, extract(dow FROM block_timestamp) AS day, min(epoch(block_timestamp)) AS first, count(*) AS n
    FROM transactions GROUP BY 1, 2, 3, 4 ORDER BY 1`,
  'times as text, dates, intervals': `SELECT strftime(timestamp, '%Y-%m-%d %H:%M:%S') AS text, timestamp::DATE AS day, timestamp + INTERVAL 90 SECOND AS later,
    date_diff('minute', TIMESTAMP '2023-07-13 00:00:00', timestamp) AS minutes, timestamp::VARCHAR AS shown FROM blocks
    WHERE timestamp >= TIMESTAMP '2023-07-13 00:00:00' ORDER BY timestamp`,
  'text functions': `SELECT substring(input, 1, 10) AS method, length(max(input)) AS longest, upper(left(min(hash), 6)) AS low, lower(right(max(hash), 4)) AS high,
    max(replace(from_address, '0x', '')) AS bare, min(from_address || '/' || coalesce(to_address, '')) AS pair, count(*) AS n
    FROM transactions GROUP BY 1 ORDER BY n DESC, method LIMIT 30`,
  patterns:
    `SELECT count(*) FILTER (WHERE hash LIKE '0x0%') AS zero, count(*) FILTER (WHERE hash LIKE '%\\_%') AS none,
    count(*) FILTER (WHERE regexp_matches(hash, '^0x[0-9]+[a-f]')) AS digits, max(regexp_extract(hash, '^0x([0-9]*)', 1)) AS first,
    count(*) FILTER (WHERE regexp_full_match(from_address, '0x[0-9a-f]{40}')) AS all FROM transactions`.replace(
      'AS all',
      'AS whole',
    ),
  'hashes, hex and positions': `SELECT md5(hash) AS m, sha256(hash) AS s, hex(number) AS x, instr(hash, 'a') AS at, split_part(hash, 'x', 2) AS rest,
    lpad(number::VARCHAR, 12, '0') AS padded, starts_with(hash, '0x') AS yes FROM blocks ORDER BY number`,
  'lists of topics': `SELECT len(topics) AS n, topics[1] AS signature, array_to_string(topics, ',') AS text, count(*) AS events FROM logs
    GROUP BY 1, 2, 3 ORDER BY events DESC, text LIMIT 20`,
  'lists unnested': `SELECT topic, count(*) AS n FROM (SELECT unnest(topics) AS topic FROM logs) GROUP BY topic ORDER BY n DESC, topic LIMIT 20`,
  'decimals and doubles of wei': `SELECT value, value / 1e18 AS ether, round(value / 1e18, 4) AS rounded, value % 1000000007 AS rest, -value AS less,
    value + 1.5 AS more, value * 3 AS three FROM transactions WHERE value > 0 ORDER BY value DESC, hash LIMIT 40`,
  'integer division, signs, zero': `SELECT number // 7 AS a, number % 7 AS b, -number // 7 AS c, number / 0 AS d, number // 0 AS e, abs(-number) AS f,
    ceil(number / 7) AS g, floor(-number / 7) AS h, (number / 7)::BIGINT AS i, sign(5 - number) AS j FROM blocks ORDER BY number`,
  'spread of values': `SELECT block_number, stddev_samp(gas::DOUBLE) AS spread, median(gas) AS middle, corr(gas::DOUBLE, nonce::DOUBLE) AS along,
    bool_and(receipt_status = 1) AS all_well FROM transactions GROUP BY 1 ORDER BY 1`,
  'NULL order': `SELECT receipt_contract_address AS made, count(*) AS n FROM transactions GROUP BY 1 ORDER BY 1 DESC NULLS LAST LIMIT 5`,
  'an answer without rows': `SELECT hash, value FROM transactions WHERE block_number < 0`,
  'one row of constants': `SELECT 1 AS one, 'it''s \\ "x" é' AS text, NULL AS nothing, 1.50 AS exact, true AS yes, DATE '2024-02-29' AS day,
    12345678901234567890123456789 AS huge, TIMESTAMP '2023-07-13 10:00:00.123' AS at`,
};
