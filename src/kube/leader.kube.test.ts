import assert from 'node:assert/strict';
import { before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aNamespace, until } from '../../test/kube/world.ts';
import { systemClock } from '../clock.ts';
import { isApiError } from './api-error.ts';
import type { KubeClient } from './client-port.ts';
import { inWeather, realCluster, type Weather } from './cluster.fixture.ts';
import { aLogger } from './controller.fixture.ts';
import { createKubeMetrics } from './kube-metrics.ts';
import { type ElectionEnd, type ElectionOptions, newIdentity, runElected, type Term } from './leader.ts';

const cluster = realCluster();
const times = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 300, drainMs: 1_500 };
let client: KubeClient;
let namespace: string;
let count = 0;

before(async () => {
  client = cluster.connection('leader-test/1').client;
  namespace = await aNamespace(cluster.admin);
});

interface LeaseObject {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

function aLease() {
  count += 1;
  const name = `lease-${count}`;
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return {
    lease: { namespace, name },
    read: async (): Promise<LeaseObject> => cluster.admin.get<LeaseObject>(`${path}/${name}`),
    say: (patch: unknown) => cluster.admin.merge(`${path}/${name}`, patch),
    make: (spec: unknown) => cluster.admin.create(path, { metadata: { name }, spec }),
    remove: () => cluster.admin.remove(`${path}/${name}`),
  };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

interface Candidate {
  readonly identity: string;
  readonly stop: AbortController;
  readonly term: Promise<Term>;
  readonly end: Promise<ElectionEnd>;
  readonly lines: readonly { readonly msg: string }[];
}

function candidate(
  t: TestContext,
  lease: ElectionOptions['lease'],
  more: Partial<ElectionOptions> & { readonly work?: (term: Term) => Promise<void> } = {},
): Candidate {
  const { work = ({ signal }) => untilAborted(signal), ...options } = more;
  const identity = newIdentity('candidate');
  const stop = new AbortController();
  const { logger, lines } = aLogger();
  const led = Promise.withResolvers<Term>();
  const end = runElected({
    client,
    lease,
    identity,
    clock: systemClock,
    logger,
    times,
    signal: stop.signal,
    onLead: (term) => {
      led.resolve(term);
      return work(term);
    },
    ...options,
  });
  end.catch(() => undefined);
  t.after(async () => {
    stop.abort();
    await end.catch(() => undefined);
  });
  return { identity, stop, term: led.promise, end, lines };
}

describe('the lease', () => {
  it('is written as every client reads it, and given back only when the work has ended', async (t) => {
    const { lease, read } = aLease();
    let worked = false;
    const metrics = createKubeMetrics();
    const first = candidate(t, lease, {
      metrics,
      work: async ({ signal }) => {
        await untilAborted(signal);
        await sleep(400);
        worked = true;
      },
    });
    (await first.term).fence();
    const { spec } = await read();
    const { holderIdentity, leaseDurationSeconds, leaseTransitions, acquireTime, renewTime } = spec;
    assert.deepEqual([holderIdentity, leaseDurationSeconds, leaseTransitions], [first.identity, 3, 0]);
    for (const time of [acquireTime, renewTime]) assert.match(String(time), /T\d\d:\d\d:\d\d\.\d{6}Z$/);
    const status = `leader_election_master_status{name="${lease.name}"}`;
    assert.ok((await metrics.registry.metrics()).includes(`${status} 1`));

    const second = candidate(t, lease);
    await sleep(times.leaseMs + 500);
    assert.equal((await read()).spec.holderIdentity, first.identity);
    assert.equal((await read()).spec.acquireTime, acquireTime);
    assert.notEqual((await read()).spec.renewTime, renewTime);

    let secondLeads = false;
    void second.term.then(() => {
      assert.ok(worked, 'the first still works');
      secondLeads = true;
    });
    const stopped = performance.now();
    first.stop.abort();
    const fence = (await first.term).fence;
    assert.throws(fence, (error) => isApiError(error, 'fenced'));
    assert.equal(await first.end, 'stopped');
    assert.ok((await metrics.registry.metrics()).includes(`${status} 0`));
    await second.term;
    assert.ok(secondLeads);
    const took = performance.now() - stopped;
    assert.ok(took < 2_000, `${took} ms, though it was released`);
    assert.equal((await read()).spec.leaseTransitions, 1);
  });

  it('has one holder at a time, however many want it', async (t) => {
    const { lease, read } = aLease();
    let leading = 0;
    let terms = 0;
    const contend = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) {
        const one = candidate(t, lease, {
          times: { ...times, retryMs: 50 },
          work: async ({ fence }) => {
            leading += 1;
            terms += 1;
            for (let n = 0; n < 5; n++) {
              fence();
              assert.equal(leading, 1);
              await sleep(10);
            }
            leading -= 1;
          },
        });
        assert.equal(await one.end, 'stopped');
      }
    };
    await Promise.all([contend(), contend(), contend(), contend()]);
    assert.equal(terms, 12);
    assert.equal((await read()).spec.leaseTransitions, 11);
  });

  it('of a dead holder is taken after the time that it says itself, whatever its clock said', async (t) => {
    const [short, long] = [aLease(), aLease()];
    const dead = (leaseDurationSeconds: number) => ({
      holderIdentity: 'dead',
      leaseDurationSeconds,
      renewTime: '2099-01-01T00:00:00.000000Z',
      acquireTime: '2001-01-01T00:00:00.000000Z',
      leaseTransitions: 41,
    });
    await short.make(dead(1));
    await long.make(dead(5));
    const started = performance.now();
    const took = async (lease: ElectionOptions['lease']): Promise<number> => {
      await candidate(t, lease).term;
      return performance.now() - started;
    };
    const [shortMs, longMs] = await Promise.all([took(short.lease), took(long.lease)]);
    assert.ok(shortMs >= 1_000 && shortMs < 2_000, `${shortMs} ms`);
    assert.ok(longMs >= 5_000 && longMs < 6_000, `${longMs} ms`);
    assert.equal((await long.read()).spec.leaseTransitions, 42);
  });
});

describe('whoever leads', () => {
  it('stops before its lease ends when the API server is away, and says that it lost', async (t) => {
    const { lease } = aLease();
    let weather: Weather = 'fine';
    let ended = 0;
    const first = candidate(t, lease, {
      client: inWeather(client, () => weather),
      work: async ({ signal }) => {
        await untilAborted(signal);
        ended = performance.now();
      },
    });
    const term = await first.term;
    const second = candidate(t, lease);
    await sleep(1_000);
    weather = 'away';
    const away = performance.now();
    await untilAborted(term.signal);
    assert.throws(term.fence, (error) => isApiError(error, 'fenced') && /not renewed/.test(error.message));
    assert.equal(await first.end, 'lost');
    const led = ended - away;
    assert.ok(led > 1_500 && led <= times.renewDeadlineMs + 200, `${led} ms`);
    await second.term;
    const free = performance.now() - ended;
    assert.ok(free > 500, `the second began ${free} ms after the first had ended`);
    assert.ok(first.lines.some(({ msg }) => /was not renewed: no connection/.test(msg)));
  });

  it('goes on when answers are lost, the lease is deleted, or somebody labels it', async (t) => {
    const { lease, read, say, remove } = aLease();
    let weather: Weather = 'fine';
    const one = candidate(t, lease, { client: inWeather(client, () => weather) });
    const term = await one.term;
    weather = 'unheard';
    await sleep(1_000);
    weather = 'fine';
    await sleep(1_000);
    await say({ metadata: { labels: { seen: 'yes' } } });
    await sleep(1_000);
    await remove();
    await until(async () => (await read().catch(() => undefined)) !== undefined);
    await sleep(times.leaseMs);
    term.fence();
    assert.equal(term.signal.aborted, false);
    assert.equal((await read()).spec.holderIdentity, one.identity);
  });

  it('takes a lease of its own when the answer to taking it was lost', async (t) => {
    const { lease, read } = aLease();
    let weather: Weather = 'unheard';
    const one = candidate(t, lease, { client: inWeather(client, () => weather) });
    await until(async () => (await read().catch(() => undefined))?.spec.holderIdentity === one.identity);
    weather = 'fine';
    const asked = performance.now();
    await one.term;
    assert.ok(performance.now() - asked < times.leaseMs / 2);
  });

  it('loses to whoever has written the lease, and leaves it alone', async (t) => {
    const { lease, read, say } = aLease();
    const one = candidate(t, lease);
    await one.term;
    await say({ spec: { holderIdentity: 'thief', leaseDurationSeconds: 60 } });
    assert.equal(await one.end, 'lost');
    assert.equal((await read()).spec.holderIdentity, 'thief');
    assert.ok(one.lines.some(({ msg }) => /no longer leading: thief has the lease/.test(msg)));
  });

  it('does not release while its work goes on, and does not wait for it for ever', async (t) => {
    const { lease, read } = aLease();
    const work = Promise.withResolvers<void>();
    const one = candidate(t, lease, { work: () => work.promise });
    await one.term;
    one.stop.abort();
    const stopped = performance.now();
    assert.equal(await one.end, 'stopped');
    assert.ok(performance.now() - stopped >= times.drainMs - 50);
    assert.equal((await read()).spec.holderIdentity, one.identity);
    work.resolve();
  });

  it('keeps the lease while its work takes long to end', async (t) => {
    const { lease } = aLease();
    let ended = false;
    const first = candidate(t, lease, {
      times: { ...times, drainMs: 10_000 },
      work: async ({ signal }) => {
        await untilAborted(signal);
        await sleep(times.leaseMs + 1_000);
        ended = true;
      },
    });
    await first.term;
    const second = candidate(t, lease);
    first.stop.abort();
    await second.term;
    assert.ok(ended);
  });

  it('gives the lease back when its work fails, and says how', async (t) => {
    const { lease, read } = aLease();
    const one = candidate(t, lease, {
      work: async () => {
        throw new Error('no such kind');
      },
    });
    await assert.rejects(one.end, /no such kind/);
    assert.equal((await read()).spec.holderIdentity, '');
  });
});

describe('whoever waits', () => {
  it('asks until it is answered, in one line, and stops when told to', async (t) => {
    const { lease } = aLease();
    let weather: Weather = 'away';
    const one = candidate(t, lease, { client: inWeather(client, () => weather) });
    await sleep(1_000);
    assert.equal(one.lines.length, 1);
    weather = 'fine';
    await one.term;
    const other = candidate(t, lease);
    await sleep(500);
    other.stop.abort();
    assert.equal(await other.end, 'stopped');
  });

  it('refuses times that cannot work', async () => {
    const { lease } = aLease();
    const options = { client, lease, identity: 'x', clock: systemClock, logger: aLogger().logger };
    const rest = { signal: AbortSignal.abort(), onLead: async () => undefined };
    const bad = { leaseMs: 10_000, renewDeadlineMs: 10_000 };
    await assert.rejects(runElected({ ...options, ...rest, times: bad }), TypeError);
  });
});
