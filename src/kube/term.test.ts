import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isApiError } from './api-error.ts';
import { createHandClock } from './hand-clock.fixture.ts';
import { createTerm } from './term.ts';

function aTerm() {
  const clock = createHandClock();
  const ends: string[] = [];
  const held = () => ({ live: undefined, steadyAt: clock.steady(), wallAt: clock.now() });
  const term = createTerm({
    first: held(),
    clock,
    identity: 'me',
    renewDeadlineMs: 10_000,
    onEnd: (why) => ends.push(why),
  });
  const fenced = (why: RegExp): void =>
    assert.throws(term.fence, (error) => isApiError(error, 'fenced') && why.test(error.message));
  return { clock, ends, held, term, fenced };
}

describe('a term', () => {
  it('fences off by itself when it was not renewed in time, before anything woke up to say so', () => {
    const { clock, held, term, fenced } = aTerm();
    clock.freeze(9_999);
    term.fence();
    term.renewed(held());
    clock.freeze(9_999);
    term.fence();
    clock.freeze(1);
    assert.equal(term.signal.aborted, false);
    fenced(/me may not write: not renewed for 10 s/);
  });

  it('counts from before the request, however late its answer', () => {
    const { clock, held, term, fenced } = aTerm();
    const sent = held();
    clock.freeze(9_000);
    term.renewed(sent);
    clock.freeze(1_000);
    fenced(/not renewed/);
  });

  it('is over when the machine slept, which the monotonic clock does not see', () => {
    const { clock, held, term, fenced } = aTerm();
    clock.shift(4_000);
    term.fence();
    clock.shift(2_000);
    fenced(/the clock jumped by 6 s/);
    term.check();
    assert.equal(term.lost, true);
    term.renewed(held());
    fenced(/the clock jumped/);
  });

  it('is not over when the wall clock is put back', () => {
    const { clock, term } = aTerm();
    clock.shift(-3_600_000);
    term.fence();
  });

  it('ends once: the first reason stays, the signal tells, and nothing brings it back', async () => {
    const { ends, held, term, fenced } = aTerm();
    term.end('told to stop');
    term.lose('b has the lease');
    term.renewed(held());
    fenced(/told to stop/);
    assert.deepEqual(ends, ['told to stop']);
    assert.ok(isApiError(term.signal.reason, 'fenced'));
    assert.equal(term.lost, true);
    await term.ended;
  });
});
