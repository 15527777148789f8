import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { microTime, secondTime } from './micro-time.ts';

describe('MicroTime', () => {
  it('has exactly six fractional digits, whatever they are', () => {
    const noon = Date.parse('2026-11-21T12:00:00Z');
    assert.equal(microTime(noon), '2026-11-21T12:00:00.000000Z');
    assert.equal(microTime(noon + 7), '2026-11-21T12:00:00.007000Z');
    assert.equal(microTime(noon + 0.25), '2026-11-21T12:00:00.000250Z');
    assert.equal(microTime(noon + 999.9995), '2026-11-21T12:00:00.999999Z');
    assert.equal(secondTime(noon + 999), '2026-11-21T12:00:00Z');
  });
});
