import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { linkedAbort } from './linked-abort.ts';

describe('a linked abort', () => {
  it('follows its parent, also one that is over already, and not the other way round', () => {
    const parent = new AbortController();
    const [first, second] = [linkedAbort(parent.signal), linkedAbort(parent.signal)];
    first.abort('late');
    assert.equal(first.signal.reason, 'late');
    assert.equal(second.signal.aborted, false);
    parent.abort('stop');
    assert.equal(second.signal.reason, 'stop');
    assert.equal(linkedAbort(parent.signal).signal.reason, 'stop');
  });

  it('leaves nothing behind on a parent that lives long', () => {
    const parent = new AbortController();
    for (let n = 0; n < 1_000; n++) linkedAbort(parent.signal).unlink();
    assert.deepEqual(getEventListeners(parent.signal, 'abort'), []);
  });
});
