import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { type EmbeddedStores, openEmbeddedStores } from '../data-folder/embedded-stores.ts';
import { isMillraceError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import type { BatchEngine, QueryLimits } from './port.ts';
import { createQueryRunner, queryCeilings, queryLimits, runQuery } from './run-query.ts';

describe('queries of people', () => {
  let folder: string;
  let stores: EmbeddedStores;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-run-query-'));
    stores = await openEmbeddedStores({ folder, clock: systemClock, logger: silentLogger });
  });
  after(async () => {
    await stores.close();
    await rm(folder, { recursive: true });
  });
  const { signal } = new AbortController();

  /** The engine itself, and what it was asked for. */
  const watched = () => {
    const limits: QueryLimits[] = [];
    const running = { now: 0, most: 0 };
    const engine: BatchEngine = {
      describe: (options) => stores.engine.describe(options),
      close: async () => undefined,
      run: async (request, use) => {
        limits.push(request.limits);
        running.now += 1;
        running.most = Math.max(running.most, running.now);
        try {
          return await stores.engine.run(request, use);
        } finally {
          running.now -= 1;
        }
      },
    };
    return { limits, running, stores: { ...stores, engine } };
  };

  test('no query gets more than the ceilings, whatever it asks for', async () => {
    const { limits, stores: through } = watched();
    const sql = 'SELECT 1 AS one';
    const huge = 2 ** 50;
    await runQuery({ sql, stores: through, signal });
    await runQuery({ sql, stores: through, signal, limits: { rows: 5, bytes: 1_000 } });
    const all = { timeMs: huge, rows: huge, memoryBytes: huge, bytes: huge };
    await runQuery({ sql, stores: through, signal, limits: all });
    // One row more tells whether there are more.
    assert.deepEqual(limits, [
      { ...queryLimits, rows: queryLimits.rows + 1 },
      { ...queryLimits, rows: 6, bytes: 1_000 },
      { ...queryCeilings, rows: queryCeilings.rows + 1 },
    ]);
  });

  test('more rows than asked for are an answer that says so, more bytes are an error', async () => {
    const sql = 'SELECT i FROM range(10) t(i)';
    const answer = await runQuery({ sql, stores, signal, limits: { rows: 3 } });
    assert.deepEqual(answer.rows, [[0], [1], [2]]);
    assert.equal(answer.truncated, true);
    const tooLong = runQuery({ sql, stores, signal, limits: { bytes: 50 } });
    await assert.rejects(tooLong, (error) => isMillraceError(error, 'SqlLimit'));
  });

  test('two queries run at a time, others wait, and too many are refused at once', async () => {
    const { running, stores: through } = watched();
    const query = createQueryRunner({ stores: through, signal });
    const asked = Array.from({ length: 25 }, (_, at) => query({ sql: `SELECT ${at} AS n` }));
    const ended = await Promise.allSettled(asked);
    const answers = ended.flatMap((end) => (end.status === 'fulfilled' ? end.value.rows : []));
    const refusals = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    assert.equal(running.most, 2);
    assert.deepEqual(
      answers,
      Array.from({ length: 18 }, (_, at) => [at]),
    );
    for (const error of refusals) {
      assert.ok(isMillraceError(error, 'SqlLimit'));
      assert.match(error.message, /too many queries/);
    }
  });
});
