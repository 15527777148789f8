import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../clock.ts';
import { isMillraceError } from '../errors.ts';
import { Binder, viewColumns } from './bound-plan.ts';
import { openDuckDbEngine } from './duckdb.ts';
import { logViews } from './log-tables.ts';
import { isNode } from './sql-tree.ts';

test('the views that a plan is bound to have the columns of those that DuckDB reads', async (t) => {
  const tempFolder = await mkdtemp(join(tmpdir(), 'millrace-binder-'));
  t.after(() => rm(tempFolder, { recursive: true }));
  const engine = await openDuckDbEngine({ tempFolder, clock: systemClock, threads: 1 });
  t.after(() => engine.close());
  for (const view of logViews) {
    const columns = await engine.describe({ sql: `SELECT * FROM ${view}`, where: view });
    assert.deepEqual(
      columns.map(({ name }) => name),
      viewColumns[view].map(({ name }) => name),
    );
  }
});

test('integers beyond 2^53 keep their digits, and what does not bind says so', async (t) => {
  const binder = await Binder.open();
  t.after(() => binder.close());
  const plan = await binder.bind('SELECT 9007199254740993 AS x', 'test');
  const [expression] = Array.isArray(plan.expressions) ? plan.expressions : [];
  assert.ok(isNode(expression) && isNode(expression.value));
  assert.equal(expression.value.value, '9007199254740993');
  await assert.rejects(binder.bind('SELECT nothing FROM blocks', 'here'), (error) =>
    isMillraceError(error, 'SqlInvalid'),
  );
});

test('a constant that would be huge is bound as it is written, not computed', async (t) => {
  const binder = await Binder.open();
  t.after(() => binder.close());
  const before = process.resourceUsage().maxRSS;
  for (const call of [
    'len(range(30000000))',
    'len(generate_series(0, 30000000, 1))',
    `length(repeat('x', 300000000))`,
    `length(lpad('x', 30000000, ' '))`,
    `length(replace(repeat('x', 20000), 'x', repeat('y', 20000)))`,
    `length(regexp_replace(repeat('x', 20000), 'x', repeat('y', 20000), 'g'))`,
  ]) {
    const plan = JSON.stringify(await binder.bind(`SELECT ${call} AS n`, call));
    assert.match(plan, new RegExp(`"name":"${call.split('(')[1]}"`));
    assert.doesNotMatch(plan, /BOUND_CASE|"error"/);
  }
  const grown = (process.resourceUsage().maxRSS - before) / 1024;
  assert.ok(grown < 150, `binding them took ${grown} MiB`);
});
