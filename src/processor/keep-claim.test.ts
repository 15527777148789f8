import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../clock.ts';
import { isMillraceError, MillraceError } from '../errors.ts';
import { whileClaimed } from './keep-claim.ts';

const signal = new AbortController().signal;
const forever = (held: AbortSignal) => systemClock.sleep(60_000, held);

test('a claim is renewed for as long as the work takes, and not after it', async () => {
  const renewals: number[] = [];
  const claim = { renew: async ({ now }: { readonly now: number }) => void renewals.push(now) };
  const options = { clock: systemClock, signal, ttl: 30 };
  assert.equal(await whileClaimed(claim, options, () => systemClock.sleep(100).then(() => 'done')), 'done');
  const { length } = renewals;
  assert.ok(length >= 2, `${length} renewals`);
  await systemClock.sleep(50);
  assert.equal(renewals.length, length);
});

test('work under a claim that is lost is aborted with ClaimLost', async () => {
  const claim = {
    renew: async () => {
      throw new MillraceError('ClaimLost', { window: 'w', table: 't' });
    },
  };
  const options = { clock: systemClock, signal, ttl: 30 };
  await assert.rejects(whileClaimed(claim, options, forever), (error) => isMillraceError(error, 'ClaimLost'));
});

test('a store that does not answer a renewal is asked again, and the work goes on', async () => {
  let asked = 0;
  const claim = {
    renew: async () => {
      asked += 1;
      throw new MillraceError('StoreUnreachable', { store: 'results', problem: 'down' });
    },
  };
  const options = { clock: systemClock, signal, ttl: 30 };
  assert.equal(await whileClaimed(claim, options, () => systemClock.sleep(100).then(() => 'done')), 'done');
  assert.ok(asked >= 2);
});

test('the abort of the caller reaches the work', async () => {
  const stop = new AbortController();
  const claim = { renew: async () => undefined };
  const work = whileClaimed(claim, { clock: systemClock, signal: stop.signal }, forever);
  stop.abort(new Error('enough'));
  await assert.rejects(work, /enough/);
});
