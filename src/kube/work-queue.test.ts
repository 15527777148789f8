import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as settle } from 'node:timers/promises';
import { createHandClock } from './hand-clock.fixture.ts';
import { createKubeMetrics } from './kube-metrics.ts';
import { createQueue, type Work, type WorkQueue } from './work-queue.ts';

const clock = () => createHandClock();
/** The work that is there now. */
async function at(queue: WorkQueue): Promise<Work | undefined> {
  return queue.depth > 0 ? await queue.take() : undefined;
}
async function keysNow(queue: WorkQueue): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let work = await at(queue); work; work = await at(queue)) {
    keys.push(work.key);
    work.succeeded();
  }
  return keys;
}

describe('the order of keys', () => {
  it('is that of arrival, each once, ordinary ones before low ones', async () => {
    const queue = createQueue({ name: 'q', clock: clock() });
    for (const key of ['l1', 'l2']) queue.add(key, 'low');
    for (const key of ['n1', 'n2', 'n1']) queue.add(key);
    queue.add('l2');
    assert.deepEqual(await keysNow(queue), ['n1', 'n2', 'l2', 'l1']);
  });

  it('lets a low key that has waited go before the ordinary ones that came ten seconds later', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time });
    queue.add('low', 'low');
    await time.advance(9_999);
    queue.add('before');
    await time.advance(1);
    queue.add('after');
    assert.deepEqual(await keysNow(queue), ['before', 'low', 'after']);
  });

  it('is not starved by ordinary keys that never end', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time });
    queue.add('low', 'low');
    let waited = 0;
    for (let turn = 0; ; turn++) {
      queue.add(`n${turn}`);
      queue.add(`m${turn}`);
      const work = await queue.take();
      work?.succeeded();
      if (work?.key === 'low') break;
      await time.advance(100);
      waited += 100;
    }
    // Twice as many come as are served: those of the first ten seconds go before it.
    assert.ok(waited >= 10_000 && waited <= 21_000, `${waited} ms`);
  });
});

describe('a key that is wanted while it runs', () => {
  it('is not handed out, and runs once more afterwards', async () => {
    const queue = createQueue({ name: 'q', clock: clock() });
    queue.add('a');
    const work = await queue.take();
    queue.add('a');
    queue.add('a');
    assert.equal(queue.depth, 0);
    work?.succeeded();
    assert.deepEqual(await keysNow(queue), ['a']);
  });

  it('comes back at the earliest time that anybody asked for', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time });
    queue.add('a');
    const work = await queue.take();
    queue.addAfter('a', 5_000);
    work?.succeeded(60_000);
    queue.addAfter('a', 30_000);
    await time.advance(4_999);
    assert.equal(queue.depth, 0);
    await time.advance(1);
    assert.deepEqual(await keysNow(queue), ['a']);
    await time.advance(120_000);
    assert.equal(queue.depth, 0);
  });

  it('cannot be ended twice', async () => {
    const queue = createQueue({ name: 'q', clock: clock() });
    queue.add('a');
    const work = await queue.take();
    work?.succeeded();
    assert.throws(() => work?.failed(), /ended already/);
  });
});

describe('after failures', () => {
  /** When each start was, in ms, of a key that always fails and is left alone. */
  async function startsOf(random: () => number, count: number): Promise<readonly number[]> {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time, random });
    queue.add('a');
    const starts: number[] = [];
    for (let n = 1; n <= count; n++) {
      while (queue.depth === 0) await time.advance(10);
      const work = await queue.take();
      assert.equal(work?.attempt, n);
      starts.push(time.steady());
      work?.failed();
    }
    return starts;
  }

  it('pauses grow to a minute, and never fall below a second', async () => {
    const most = await startsOf(() => 0.999_999, 14);
    const gaps = most.slice(1).map((start, n) => start - (most[n] ?? 0));
    assert.deepEqual(
      gaps.map((gap) => Math.round(gap / 1_000)),
      [1, 1, 1, 2, 3, 6, 13, 26, 51, 60, 60, 60, 60],
    );
    const least = await startsOf(() => 0, 5);
    assert.deepEqual(
      least.slice(1).map((start, n) => start - (least[n] ?? 0)),
      [1_000, 1_000, 1_000, 1_000],
    );
  });

  it('a change cuts the pause short, but not below a second', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time, random: () => 0.999_999 });
    queue.add('a');
    const first = await queue.take();
    queue.add('a');
    first?.failed(45_000);
    queue.add('a');
    await time.advance(999);
    assert.equal(queue.depth, 0);
    await time.advance(1);
    const second = await queue.take();
    assert.equal(second?.attempt, 2);
    second?.succeeded();
    queue.add('a');
    assert.equal((await queue.take())?.attempt, 1);
  });

  it('a second is counted from the failure: what was sent last may have waited for its turn', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time, random: () => 0 });
    queue.add('a');
    const first = await queue.take();
    await time.advance(5_000);
    queue.add('a');
    first?.failed();
    await time.advance(999);
    assert.equal(queue.depth, 0);
    await time.advance(1);
    assert.equal((await queue.take())?.attempt, 2);
  });

  it('waits as long as the server asked, and a little longer', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time, random: () => 0.5 });
    queue.add('a');
    (await queue.take())?.failed(20_000);
    await time.advance(20_999);
    assert.equal(queue.depth, 0);
    await time.advance(1);
    assert.equal(queue.depth, 1);
  });

  it('one that gave up comes back only when it is wanted', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time });
    queue.add('a');
    (await queue.take())?.gaveUp();
    await time.advance(3_600_000);
    assert.equal(queue.depth, 0);
    queue.add('a');
    assert.equal((await queue.take())?.attempt, 2);
  });

  it('keeps its priority', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time, random: () => 0 });
    queue.add('a', 'low');
    (await queue.take())?.failed();
    await time.advance(1_000);
    queue.add('b');
    assert.deepEqual(await keysNow(queue), ['b', 'a']);
  });
});

describe('shutting down', () => {
  it('hands out nothing more and waits for what runs', async () => {
    const time = clock();
    const queue = createQueue({ name: 'q', clock: time });
    queue.add('a');
    queue.add('b');
    const work = await queue.take();
    const waiting = createQueue({ name: 'w', clock: time });
    const empty = waiting.take();
    await waiting.shutDown();
    assert.equal(await empty, undefined);

    let over = false;
    const down = queue.shutDown().then(() => {
      over = true;
    });
    const again = queue.shutDown();
    await settle();
    assert.equal(over, false);
    queue.add('c');
    assert.equal(await queue.take(), undefined);
    work?.failed();
    await Promise.all([down, again]);
    await time.advance(3_600_000);
    assert.equal(await queue.take(), undefined);
  });
});

describe('what it says of itself', () => {
  it('is depth by priority, adds, retries, and how long keys wait and run', async () => {
    const time = clock();
    const metrics = createKubeMetrics();
    const queue = createQueue({ name: 'pipeline', clock: time, metrics, random: () => 0 });
    queue.add('a');
    queue.add('b', 'low');
    queue.add('b', 'low');
    await time.advance(2_000);
    const work = await queue.take();
    await time.advance(3_000);
    const text = await metrics.registry.metrics();
    const of = 'name="pipeline",controller="pipeline"';
    for (const line of [
      `workqueue_depth{${of},priority="normal"} 0`,
      `workqueue_depth{${of},priority="low"} 1`,
      `workqueue_adds_total{${of}} 2`,
      `workqueue_queue_duration_seconds_sum{${of}} 2`,
      `workqueue_unfinished_work_seconds{${of}} 3`,
      `workqueue_longest_running_processor_seconds{${of}} 3`,
    ])
      assert.ok(text.includes(line), `${line}\nin\n${text}`);
    work?.failed();
    const after = await metrics.registry.metrics();
    assert.ok(after.includes(`workqueue_retries_total{${of}} 1`));
    assert.ok(after.includes(`workqueue_work_duration_seconds_sum{${of}} 3`));
    assert.ok(after.includes(`workqueue_unfinished_work_seconds{${of}} 0`));
  });
});
