import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { known, type Reading, type RecorderLag, unknown } from './reading.ts';
import { periods, type ScaleMemory, stabilise } from './stabilise.ts';
import { type Bounds, recorderBounds, wantedProcessors, wantedRecorders } from './wanted.ts';

const MiB = 2 ** 20;
const stepMs = 30_000;
const bounds: fc.Arbitrary<Bounds> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.nat(12), fc.integer({ min: 1, max: 30 }))
  .map(([min, more, partitions]) => recorderBounds({ min, max: min + more }, partitions));
const lag: fc.Arbitrary<RecorderLag> = fc.record({
  records: fc.nat(1_000_000),
  bytes: fc.nat(100 * MiB),
  seconds: fc.nat(2_000),
});
const reading: fc.Arbitrary<Reading<RecorderLag>> = fc.oneof(
  { weight: 4, arbitrary: lag.map(known) },
  { weight: 1, arbitrary: fc.constant(unknown('silent')) },
);
const nothing: Reading<RecorderLag> = known({ records: 0, bytes: 0, seconds: 0 });

const wantedOf = (lag: Reading<RecorderLag>, bounds: Bounds): Reading<number> =>
  'value' in lag ? known(wantedRecorders(lag.value, bounds)) : lag;

/** A workload that does as it is told, from one reading to the next. */
function live(bounds: Bounds, from: number) {
  let [current, now] = [from, 0];
  let memory: ScaleMemory | undefined;
  return {
    step: (lag: Reading<RecorderLag>, ms = stepMs): number => {
      now += ms;
      const wanted = wantedOf(lag, bounds);
      const decision = stabilise({ now, bounds, current, ready: current, wanted, memory });
      memory = decision.memory;
      current = decision.replicas;
      return current;
    },
    set: (count: number) => {
      current = count;
    },
    state: () => ({ now: now + stepMs, bounds, current, ready: current, memory }),
  };
}

describe('the number of pods', () => {
  it('is always inside its bounds, whatever is read and whoever scales', () => {
    const steps = fc.array(fc.tuple(reading, fc.nat(300_000), fc.option(fc.nat(40))), { maxLength: 60 });
    fc.assert(
      fc.property(bounds, steps, (bounds, steps) => {
        const workload = live(bounds, bounds.min);
        for (const [lag, ms, scaled] of steps) {
          if (scaled !== null) workload.set(scaled);
          const count = workload.step(lag, ms);
          assert.ok(
            count >= bounds.min && count <= bounds.max,
            `${count} is not in ${JSON.stringify(bounds)}`,
          );
        }
      }),
    );
  });

  it('settles under a constant lag, and moves in one direction until then', () => {
    fc.assert(
      fc.property(bounds, lag, fc.nat(40), (bounds, lag, from) => {
        const workload = live(bounds, from);
        const counts = Array.from({ length: 20 * 30 }, () => workload.step(known(lag)));
        const moves = counts.slice(1).map((count, at) => Math.sign(count - (counts[at] ?? 0)));
        assert.ok(new Set(moves.filter((move) => move !== 0)).size <= 1, `${counts}`);
        assert.deepEqual(new Set(counts.slice(-50)), new Set([wantedRecorders(lag, bounds)]));
      }),
    );
  });

  it('never falls as the lag rises, in any state', () => {
    fc.assert(
      fc.property(
        bounds,
        fc.array(reading, { maxLength: 60 }),
        fc.tuple(lag, fc.nat(50 * MiB), fc.nat(1_000)),
        (bounds, before, [lag, bytes, seconds]) => {
          const workload = live(bounds, bounds.max);
          for (const each of before) workload.step(each, 60_000);
          const decide = (value: RecorderLag): number =>
            stabilise({ ...workload.state(), wanted: wantedOf(known(value), bounds) }).replicas;
          assert.ok(
            decide({ ...lag, bytes: lag.bytes + bytes, seconds: lag.seconds + seconds }) >= decide(lag),
          );
        },
      ),
    );
  });

  it('stands still while the lag is not known, and goes down by one at a time', () => {
    fc.assert(
      fc.property(bounds, fc.array(reading, { maxLength: 200 }), (bounds, readings) => {
        const workload = live(bounds, bounds.max);
        let before = bounds.max;
        for (const each of readings) {
          const count = workload.step(each, 100_000);
          if ('problem' in each) assert.equal(count, before);
          assert.ok(count >= before - 1);
          before = count;
        }
      }),
    );
  });

  it('goes down only after ten whole minutes of readings that all allow it', () => {
    const whole = periods.down / stepMs;
    const gaps: readonly (readonly [gap: Reading<RecorderLag>, ms: number, holdsFor: number])[] = [
      [unknown('silent'), stepMs, whole],
      [known({ records: 9, bytes: 99 * MiB, seconds: 0 }), stepMs, whole],
      // It says nothing of the time before it, and is the first of those that count.
      [nothing, periods.gap + 1, whole - 1],
    ];
    for (const [gap, ms, holdsFor] of gaps) {
      const workload = live({ min: 1, max: 3 }, 3);
      for (let at = 0; at < whole; at += 1) assert.equal(workload.step(nothing), 3);
      assert.equal(workload.step(gap, ms), 3);
      for (let at = 0; at < holdsFor; at += 1) assert.equal(workload.step(nothing), 3);
      assert.equal(workload.step(nothing), 2);
    }
  });

  it('of processors rises with the windows that are due, inside its bounds', () => {
    fc.assert(
      fc.property(bounds, fc.nat(200), fc.nat(200), (bounds, due, more) => {
        const [few, many] = [due, due + more].map((due) => wantedProcessors({ due }, bounds));
        assert.ok(few !== undefined && many !== undefined && few <= many);
        assert.ok(few >= bounds.min && many <= bounds.max);
      }),
    );
  });
});
