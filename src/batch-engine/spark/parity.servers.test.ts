import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ResultValue } from '../../stores/results/port.ts';
import type { SparkEngine } from './open.ts';
import { parityQueries } from './parity-queries.ts';
import { openSpark, openSparkPlace, type SparkPlace } from './spark.fixture.ts';

/** Sums of DOUBLE depend on the order of the rows: equal up to 1e-12 of the value, everything else exactly. */
function comparable(rows: readonly (readonly ResultValue[])[]): readonly (readonly ResultValue[])[] {
  return rows.map((row) =>
    row.map((value) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(12)) : value,
    ),
  );
}

describe('one SQL on both engines', () => {
  let place: SparkPlace;
  let spark: SparkEngine;
  before(async () => {
    place = await openSparkPlace();
    spark = await openSpark(place);
  });
  after(async () => {
    await spark?.close();
    await place?.close();
  });

  for (const [name, sql] of Object.entries(parityQueries)) {
    test(name, async () => {
      const expected = await place.rows(place.duckdb, sql);
      assert.equal(expected.length > 0, name !== 'an answer without rows', 'a comparison of nothing');
      const actual = await place.rows(spark, sql);
      assert.deepEqual(comparable(actual), comparable(expected));
    });
  }
});
