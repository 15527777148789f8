import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Condition,
  findCondition,
  isTrue,
  removeConditions,
  setCondition,
  setConditions,
} from './conditions.ts';

const at = (time: string) => Date.parse(`2026-11-21T${time}Z`);
const ready = {
  type: 'Ready',
  status: 'False',
  observedGeneration: 1,
  reason: 'WaitingForWeb',
  message: 'web: 1 of 2',
} as const;

describe('conditions', () => {
  it('say when the status changed, in whole seconds, and not when only the words did', () => {
    const first = setCondition([], ready, at('12:00:00.750'));
    const words = setCondition(
      first,
      { ...ready, message: 'web: none of 2', observedGeneration: 2 },
      at('12:05:00'),
    );
    const flipped = setCondition(words, { ...ready, status: 'True', reason: 'AllReady' }, at('12:06:00'));
    assert.deepEqual(
      [first, words, flipped].map(([one]) => one?.lastTransitionTime),
      ['2026-11-21T12:00:00Z', '2026-11-21T12:00:00Z', '2026-11-21T12:06:00Z'],
    );
    assert.equal(words[0]?.message, 'web: none of 2');
    assert.equal(words[0]?.observedGeneration, 2);
  });

  it('are the very same list when nothing differs', () => {
    const conditions = setConditions([], [ready, { ...ready, type: 'Paused' }], at('12:00:00'));
    assert.equal(
      setConditions(conditions, [{ ...ready, type: 'Paused' }, ready], at('13:00:00')),
      conditions,
    );
    assert.equal(removeConditions(conditions, 'Gone'), conditions);
  });

  it('are sorted by type and one of each, whatever order they are set in', () => {
    const type = fc.constantFrom('Ready', 'Paused', 'WebReady', 'NodesReady', 'Stopped');
    const status = fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const);
    fc.assert(
      fc.property(fc.array(fc.record({ type, status })), (all) => {
        let conditions: readonly Condition[] = [];
        for (const [index, one] of all.entries())
          conditions = setCondition(conditions, { ...ready, ...one }, at('12:00:00') + index * 1_000);
        const types = conditions.map((one) => one.type);
        assert.deepEqual(types, [...new Set(all.map((one) => one.type))].sort());
        for (const each of types) {
          const said = all.filter((one) => one.type === each);
          assert.equal(findCondition(conditions, each)?.status, said.at(-1)?.status);
        }
      }),
    );
  });

  it('go away when they are not said any more', () => {
    const conditions = setConditions(
      [],
      [ready, { ...ready, type: 'Paused' }, { ...ready, type: 'Stopped' }],
      0,
    );
    assert.deepEqual(
      removeConditions(conditions, 'Paused', 'Stopped').map(({ type }) => type),
      ['Ready'],
    );
  });

  it('are true only of the spec that they were said of', () => {
    const conditions = setCondition([], { ...ready, status: 'True', observedGeneration: 3 }, 0);
    assert.equal(isTrue(conditions, 'Ready'), true);
    assert.equal(isTrue(conditions, 'Ready', 3), true);
    assert.equal(isTrue(conditions, 'Ready', 4), false);
    assert.equal(isTrue(conditions, 'Paused'), false);
  });

  it('refuse a reason that the API server would refuse', () => {
    for (const reason of ['', 'two words', '9Lives', 'Ends:', 'x'.repeat(1_025)])
      assert.throws(() => setCondition([], { ...ready, reason }, 0), TypeError);
    const [long] = setCondition([], { ...ready, message: 'x'.repeat(40_000) }, 0);
    assert.equal(long?.message.length, 32_768);
  });
});
