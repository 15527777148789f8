import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isMillraceError } from '../../errors.ts';
import { Binder } from '../bound-plan.ts';
import { parityQueries } from './parity-queries.ts';
import { translate } from './translate.ts';

describe('a bound plan for Spark', () => {
  let binder: Binder;
  before(async () => {
    binder = await Binder.open();
  });
  after(() => binder.close());
  const translated = async (sql: string) => translate(await binder.bind(sql, 'test'), [], 'test');

  test('text of a person reaches it as bytes alone, names not at all', async () => {
    const hostile = `'' \\ \`' || reflect(1) || ' /*+ BROADCAST */ ${'$'}{env:HOME} \u2019`;
    const { sql } = await translated(
      `SELECT '${hostile.replaceAll("'", "''")}' AS "a\`b", miner AS "reflect(1)" FROM blocks AS secret WHERE extra_data <> '\${x}'`,
    );
    assert.doesNotMatch(sql, /reflect|secret|BROADCAST|\$|\\|\/\*/);
    assert.ok(sql.includes(Buffer.from(hostile).toString('hex')));
    assert.match(sql, /FROM blocks\)/);
  });

  test('each of the statements of the parity suite has one, over the views that it names', async () => {
    for (const [name, sql] of Object.entries(parityQueries)) {
      const { views } = await translated(sql);
      for (const view of views) assert.match(sql, new RegExp(`\\b${view}\\b`), name);
    }
  });

  test('an order that is said last is kept', async () => {
    assert.equal((await translated('SELECT number FROM blocks ORDER BY number LIMIT 3')).ordered, true);
    assert.equal(
      (await translated('SELECT number FROM (SELECT * FROM blocks ORDER BY number) WHERE number > 1'))
        .ordered,
      false,
    );
    assert.equal((await translated('SELECT number FROM blocks')).ordered, false);
  });

  test('subqueries that double at each level are refused, not written out', async () => {
    const levels = Array.from(
      { length: 24 },
      (_, at) => `t${at + 1} AS (SELECT a.number FROM t${at} a JOIN t${at} b ON a.number = b.number)`,
    );
    const sql = `WITH t0 AS (SELECT number FROM blocks), ${levels.join(', ')} SELECT count(*) AS n FROM t24`;
    await assert.rejects(
      translated(sql),
      (error) => isMillraceError(error, 'SqlDenied') && /512 KiB/.test(error.message),
    );
  });
});
