import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as settle } from 'node:timers/promises';
import { ApiError } from './api-error.ts';
import { aCache, aLogger, anObject, type FilledCache } from './controller.fixture.ts';
import { createController } from './controller.ts';
import { type ControllerOptions, type Source, TerminalError } from './controller-port.ts';
import { createHandClock } from './hand-clock.fixture.ts';
import { createKubeMetrics } from './kube-metrics.ts';
import { keyOf, keyText } from './object.ts';
import { runControllers } from './run-controllers.ts';
import { createSafetyNet } from './safety-net.ts';

const minute = 60_000;
const itself = ({ cache }: FilledCache): Source => ({
  cache,
  keys: ({ object }) => [keyText(keyOf(object))],
});

/** A controller that runs until the test ends. */
function start(
  t: TestContext,
  options: Pick<ControllerOptions, 'sources' | 'reconcile'> & Partial<ControllerOptions>,
  random: () => number = Math.random,
) {
  const clock = createHandClock();
  const metrics = createKubeMetrics();
  const { logger, lines } = aLogger();
  const stop = new AbortController();
  const controller = createController({ name: 'mill', ...options }, { clock, logger, metrics, random });
  const running = controller.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  const figure = async (line: string): Promise<number> => {
    const text = await metrics.registry.metrics();
    return Number(
      text
        .split('\n')
        .find((one) => one.startsWith(line))
        ?.split(' ')
        .at(-1) ?? Number.NaN,
    );
  };
  return { clock, lines, stop, running, figure, controller };
}

/** A reconcile that ends when the test says so. */
function held() {
  const started: string[] = [];
  const ends = new Map<string, (value: undefined) => void>();
  return {
    started,
    end: async (key: string): Promise<void> => {
      ends.get(key)?.(undefined);
      await settle();
    },
    reconcile: (key: string): Promise<undefined> => {
      started.push(key);
      return new Promise((resolve) => ends.set(key, resolve));
    },
  };
}

describe('what is reconciled', () => {
  it('is everything that is there, and before the rest of it what changes', async (t) => {
    const mills = aCache(anObject('a'), anObject('b'), anObject('c'));
    const { started, end, reconcile } = held();
    const { clock } = start(t, { sources: [itself(mills)], reconcile, concurrency: 1 });
    await clock.advance(0);
    assert.deepEqual(started, ['test/a']);
    mills.watch.saw(anObject('c', { data: 'new' }));
    await end('test/a');
    await end('test/c');
    await end('test/b');
    assert.deepEqual(started, ['test/a', 'test/c', 'test/b']);
  });

  it('is the owner of what changes, several at once and none twice', async (t) => {
    const children = aCache();
    const { started, end, reconcile } = held();
    const owners: Source = {
      cache: children.cache,
      keys: ({ object }) => (object.metadata.ownerReferences ?? []).map(({ name }) => `test/${name}`),
    };
    const { clock } = start(t, { sources: [owners], reconcile, concurrency: 2 });
    await clock.advance(0);
    for (const owner of ['a', 'a', 'b', 'c']) {
      children.watch.saw(anObject(`of-${owner}`, { owner }));
      await settle();
    }
    assert.deepEqual(started, ['test/a', 'test/b']);
    await end('test/b');
    assert.deepEqual(started, ['test/a', 'test/b', 'test/c']);
    await end('test/a');
    assert.deepEqual(started, ['test/a', 'test/b', 'test/c', 'test/a']);
    await Promise.all(['test/a', 'test/c'].map(end));
  });

  it('comes back when it asked to, a little later rather than sooner', async (t) => {
    const times: number[] = [];
    const { clock } = start(
      t,
      {
        sources: [itself(aCache(anObject('a')))],
        reconcile: async () => {
          times.push(clock.steady());
          return { afterMs: 1_000 };
        },
      },
      () => 0.5,
    );
    await clock.advance(2_200);
    assert.deepEqual(times, [0, 1_050, 2_100]);
  });

  it('is everything again within 8 to 12 minutes, not all at once, until it is gone', async (t) => {
    const names = Array.from({ length: 50 }, (_, index) => `m${index}`);
    const mills = aCache(...names.map((name) => anObject(name)));
    const times = new Map<string, number[]>();
    const { clock } = start(t, {
      sources: [itself(mills)],
      reconcile: async (key) => {
        times.set(key, [...(times.get(key) ?? []), clock.steady()]);
        return undefined;
      },
    });
    await clock.advance(26 * minute);
    assert.equal(times.size, 50);
    const gaps = [...times.values()].flatMap((all) => all.slice(1).map((at, n) => at - (all[n] ?? 0)));
    assert.ok(gaps.length >= 100, `${gaps.length}`);
    // It is looked for once a minute.
    for (const gap of gaps) assert.ok(gap >= 8 * minute && gap <= 13 * minute, `${gap / minute} minutes`);
    assert.ok(new Set(gaps).size > 3);

    for (const name of names) mills.watch.gone(anObject(name));
    await clock.advance(minute);
    times.clear();
    await clock.advance(30 * minute);
    assert.deepEqual([...times.keys()], []);
  });
});

describe('the safety net', () => {
  it('forgets what is gone: one that comes back is new', () => {
    const mills = aCache(anObject('a'));
    const net = createSafetyNet([itself(mills)], () => 0.5);
    assert.deepEqual(net.due(0), []);
    mills.watch.gone(anObject('a'));
    assert.deepEqual(net.due(60 * minute), []);
    mills.watch.saw(anObject('a'));
    assert.deepEqual(net.due(61 * minute), []);
    assert.deepEqual(net.due(70 * minute), []);
    assert.deepEqual(net.due(71 * minute), ['test/a']);
    assert.deepEqual(net.due(72 * minute), []);
  });
});

describe('a failure', () => {
  it('is one line that names the controller, and another try', async (t) => {
    const attempts: number[] = [];
    const { clock, lines, figure } = start(t, {
      sources: [itself(aCache(anObject('a')))],
      reconcile: async (_key, { attempt }) => {
        attempts.push(attempt);
        if (attempt === 1) throw new ApiError('forbidden', 'PATCH /apis/apps/v1/…: no');
        if (attempt === 2) throw 'text';
        if (attempt === 3) return { afterMs: Number.NaN };
        return undefined;
      },
    });
    await clock.advance(5 * minute);
    assert.deepEqual(attempts, [1, 2, 3, 4]);
    assert.deepEqual(
      lines.map(({ level, controller, key, attempt, msg }) => [level, controller, key, attempt, msg]),
      [
        ['warn', 'mill', 'test/a', 1, 'mill: test/a failed and is tried again: PATCH /apis/apps/v1/…: no'],
        ['warn', 'mill', 'test/a', 2, 'mill: test/a failed and is tried again: text'],
        [
          'warn',
          'mill',
          'test/a',
          3,
          'mill: test/a failed and is tried again: afterMs is NaN: give milliseconds',
        ],
      ],
    );
    assert.equal(await figure('controller_runtime_reconcile_errors_total{controller="mill"}'), 3);
    assert.equal(await figure('controller_runtime_reconcile_total{controller="mill",result="error"}'), 3);
    assert.equal(await figure('controller_runtime_reconcile_total{controller="mill",result="success"}'), 1);
    assert.equal(await figure('controller_runtime_reconcile_timeouts_total{controller="mill"}'), 0);
  });

  it('that only a change mends waits for one', async (t) => {
    const mills = aCache(anObject('a'));
    let runs = 0;
    const { clock, lines, figure } = start(t, {
      sources: [itself(mills)],
      reconcile: async () => {
        runs += 1;
        throw new TerminalError('spec.wheels: none');
      },
    });
    await clock.advance(7 * minute);
    assert.equal(runs, 1);
    assert.equal(lines[0]?.msg, 'mill: test/a waits for a change: spec.wheels: none');
    assert.equal(await figure('controller_runtime_terminal_reconcile_errors_total{controller="mill"}'), 1);
    mills.watch.saw(anObject('a', { data: 'new' }));
    await clock.advance(0);
    assert.equal(runs, 2);
    // A change that nobody told of is found too.
    await clock.advance(13 * minute);
    assert.equal(runs, 3);
  });

  it('waits as long as the server asks', async (t) => {
    const times: number[] = [];
    const { clock } = start(
      t,
      {
        sources: [itself(aCache(anObject('a')))],
        reconcile: async () => {
          times.push(clock.steady());
          throw new ApiError('busy', 'later', { retryAfterMs: 100_000 });
        },
      },
      () => 0,
    );
    await clock.advance(150_000);
    assert.deepEqual(times, [0, 100_000]);
  });

  it('to say whose an object is hides no other object', async (t) => {
    const mills = aCache(anObject('a'), anObject('bad'));
    const keys: string[] = [];
    const { clock, lines } = start(t, {
      sources: [
        {
          cache: mills.cache,
          keys: ({ object }) => {
            if (object.metadata.name === 'bad') throw new Error('not mine');
            return [object.metadata.name];
          },
        },
      ],
      reconcile: async (key) => {
        keys.push(key);
        return undefined;
      },
    });
    await clock.advance(0);
    mills.watch.saw(anObject('b'));
    await clock.advance(20 * minute);
    assert.deepEqual(new Set(keys), new Set(['a', 'b']));
    assert.ok(
      lines.every(
        ({ level, controller, object }) => level === 'error' && controller === 'mill' && object === 'bad',
      ),
    );
    assert.ok(lines.length > 0);
  });
});

describe('the deadline', () => {
  it('aborts, is counted and said; the key waits until its reconcile has really ended', async (t) => {
    const signals: AbortSignal[] = [];
    const ends: (() => void)[] = [];
    const mills = aCache(anObject('a'));
    const { clock, lines, figure } = start(t, {
      sources: [itself(mills)],
      timeoutMs: 5_000,
      reconcile: (_key, { signal }) => {
        signals.push(signal);
        return new Promise((_resolve, reject) => ends.push(() => reject(new Error('late'))));
      },
    });
    await clock.advance(4_999);
    assert.equal(signals[0]?.aborted, false);
    await clock.advance(1);
    assert.equal(signals[0]?.aborted, true);
    assert.equal(await figure('controller_runtime_reconcile_timeouts_total{controller="mill"}'), 1);
    assert.equal(await figure('controller_runtime_active_workers{controller="mill"}'), 1);
    mills.watch.saw(anObject('a', { data: 'new' }));
    await clock.advance(60_000);
    assert.equal(signals.length, 1);
    ends[0]?.();
    await clock.advance(1_000);
    assert.equal(signals.length, 2);
    assert.match(lines[0]?.msg ?? '', /not reconciled within 5 s/);
    ends[1]?.();
    await clock.advance(0);
  });
});

describe('stopping', () => {
  it('aborts what runs, waits for its end, begins nothing and blames nobody', async (t) => {
    const seen: AbortSignal[] = [];
    let end: (() => void) | undefined;
    const { clock, lines, stop, running, figure } = start(t, {
      sources: [itself(aCache(anObject('a'), anObject('b')))],
      concurrency: 1,
      reconcile: (_key, { signal }) => {
        seen.push(signal);
        return new Promise((_resolve, reject) => {
          end = () => reject(signal.reason);
        });
      },
    });
    await clock.advance(0);
    stop.abort();
    let over = false;
    void running.then(() => {
      over = true;
    });
    await clock.advance(minute);
    assert.equal(seen[0]?.aborted, true);
    assert.equal(over, false);
    end?.();
    await running;
    assert.equal(seen.length, 1);
    assert.deepEqual(lines, []);
    assert.equal(await figure('controller_runtime_active_workers{controller="mill"}'), 0);
  });

  it('before the caches are in is no failure; a second run of the same is refused', async (t) => {
    const { cache } = aCache();
    const never = {
      ...cache,
      synced: (signal: AbortSignal) =>
        new Promise<void>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    };
    const { controller, stop, running } = start(t, {
      sources: [{ cache: never, keys: () => [] }],
      reconcile: async () => undefined,
    });
    await assert.rejects(controller.run(stop.signal), /runs already/);
    stop.abort();
    await running;
  });
});

describe('several controllers', () => {
  it('end together when one cannot go on, and all have ended before that is said', async () => {
    const clock = createHandClock();
    const { logger } = aLogger();
    const { started, reconcile, end } = held();
    const broken = { ...aCache().cache, synced: () => Promise.reject(new Error('no such kind')) };
    const options = { reconcile, sources: [itself(aCache(anObject('a')))] };
    let ended = false;
    const first = createController({ name: 'first', ...options }, { clock, logger });
    const second = createController(
      { name: 'second', ...options, sources: [{ cache: broken, keys: () => [] }] },
      { clock, logger },
    );
    const slow = {
      name: 'slow',
      run: async (signal: AbortSignal): Promise<void> => {
        // Fails only after the first has begun its work.
        await clock.sleep(10, signal).catch(() => undefined);
        await second.run(signal);
      },
    };
    const running = runControllers([first, slow], new AbortController().signal).finally(() => {
      ended = true;
    });
    const failure = assert.rejects(running, /no such kind/);
    await clock.advance(10);
    assert.deepEqual(started, ['test/a']);
    assert.equal(ended, false);
    await end('test/a');
    await failure;
  });
});
