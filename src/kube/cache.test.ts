import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import { openCache } from './cache.ts';
import type { Cache, CacheChange, CacheOptions } from './cache-port.ts';
import type { ClusterConnection, ClusterLimits } from './connect-cluster.ts';
import { createKubeMetrics, type KubeMetrics } from './kube-metrics.ts';
import type { LiveObject } from './object.ts';
import { contentHashOf } from './reduce-object.ts';
import { answer, configMaps, line, startTinyApi, status, type TinyApi } from './tiny-api.fixture.ts';
import { connectTiny, eventually } from './tiny-client.fixture.ts';
import type { LoopPatience } from './watch-loop.ts';

let api: TinyApi;
let connection: ClusterConnection;
let metrics: KubeMetrics;
let end: AbortController;
beforeEach(async () => {
  api = await startTinyApi();
  metrics = createKubeMetrics();
  end = new AbortController();
});
afterEach(async () => {
  end.abort();
  await connection.close();
  await api.close();
});

interface Settings {
  readonly options?: Partial<CacheOptions>;
  readonly limits?: Partial<ClusterLimits>;
  readonly patience?: Partial<LoopPatience>;
}

/** Synced. */
async function open({ options, limits, patience }: Settings = {}): Promise<Cache> {
  connection = connectTiny(api, { limits: limits ?? {} });
  const cache = openCache(
    connection.client,
    { kind: configMaps, namespace: 'test', ...options },
    {
      signal: end.signal,
      clock: systemClock,
      logger: silentLogger,
      metrics,
      patience: { baseMs: 20, capMs: 100, ...patience },
    },
  );
  await cache.synced(AbortSignal.timeout(10_000));
  return cache;
}

const at = (name: string) => ({ namespace: 'test', name });
const names = (cache: Cache) =>
  cache
    .list()
    .map(({ metadata }) => metadata.name)
    .sort();
const lists = () => api.requests.filter(({ method, watch }) => method === 'GET' && !watch);
const watches = () => api.requests.filter(({ watch }) => watch);
const restarts = async (why: string): Promise<number> => {
  const { values } = await metrics.watchRestarts.get();
  return values.find(({ labels }) => labels.why === why)?.value ?? 0;
};
function onlyWatcher(): ServerResponse {
  const [watcher] = api.watchers;
  assert.ok(watcher);
  return watcher;
}

describe('a cache', () => {
  it('has what a list says, then what the watch says, and tells of each change', async () => {
    api.put('one', { a: '1' });
    api.put('two');
    const cache = await open();
    const seen: CacheChange[] = [];
    const stop = cache.onChange((change) => seen.push(change));
    await eventually(() => api.watchers.size === 1);
    api.put('one', { a: '2' });
    api.put('three');
    api.remove('two');
    await eventually(() => cache.get(at('two')) === undefined);
    assert.deepEqual(names(cache), ['one', 'three']);
    assert.deepEqual(
      seen.map(({ type, object, before }) => [type, object.metadata.name, before?.data ?? null]),
      [
        ['added', 'one', null],
        ['added', 'two', null],
        ['changed', 'one', { a: '1' }],
        ['added', 'three', null],
        ['deleted', 'two', null],
      ],
    );
    stop();
    api.put('four');
    await eventually(() => cache.get(at('four')));
    assert.equal(seen.length, 5);
    assert.equal(lists().length, 1);
  });

  it('finds objects by its indexes, through changes and deletions', async () => {
    api.put('one', { team: 'a' });
    api.put('two', { team: 'a' });
    const team = ({ data }: LiveObject) => [(data as { team: string }).team];
    const cache = await open({ options: { indexes: { team } } });
    const of = (value: string) => cache.by('team', value).map(({ metadata }) => metadata.name);
    assert.deepEqual(of('a'), ['one', 'two']);
    await eventually(() => api.watchers.size === 1);
    api.put('one', { team: 'b' });
    api.remove('two');
    await eventually(() => cache.get(at('two')) === undefined);
    assert.deepEqual([of('a'), of('b')], [[], ['one']]);
    assert.throws(() => cache.by('owner', 'a'), /there is no index owner/);
  });

  it('keeps neither managedFields nor what kubectl wrote down, and only a hash when asked', async () => {
    const metadata = {
      managedFields: [{ manager: 'x', operation: 'Apply' }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'yes' },
    };
    api.put('one', { secret: 'value' }, metadata);
    const cache = await open({ options: { keep: 'hash' } });
    const kept = cache.get(at('one'));
    assert.ok(kept);
    assert.deepEqual(kept.metadata.annotations, { mine: 'yes' });
    assert.equal(kept.metadata.managedFields, undefined);
    assert.ok(!JSON.stringify(kept).includes('value'));
    const before = contentHashOf(kept);
    await eventually(() => api.watchers.size === 1);
    api.put('one', { secret: 'other' }, metadata);
    await eventually(() => cache.get(at('one')) !== kept);
    assert.notEqual(contentHashOf(cache.get(at('one')) as LiveObject), before);
  });
});

describe('a watch', () => {
  it('that is told 410 inside its stream lists again, and finds what was deleted', async () => {
    api.put('one');
    api.put('two');
    const cache = await open();
    const watcher = await eventually(() => [...api.watchers][0]);
    const seen: CacheChange[] = [];
    cache.onChange((change) => seen.push(change));
    api.silently(() => {
      api.remove('one');
      api.put('three');
    });
    api.compact();
    watcher.end(line('ERROR', status(410, 'Expired')));
    await eventually(() => cache.get(at('three')));
    assert.deepEqual(names(cache), ['three', 'two']);
    assert.deepEqual(
      seen.slice(2).map(({ type, object }) => `${type} ${object.metadata.name}`),
      ['deleted one', 'added three'],
    );
    assert.equal(lists().length, 2);
    assert.equal(await restarts('expired'), 1);
  });

  it('that is answered 410 lists again', async () => {
    const cache = await open();
    const watcher = await eventually(() => [...api.watchers][0]);
    api.silently(() => api.put('one'));
    api.compact();
    watcher.end();
    await eventually(() => cache.get(at('one')));
    assert.equal(lists().length, 2);
  });

  it('goes on where it was after any other error, and after a cut in mid-line: nothing is lost, nothing listed', async () => {
    const cache = await open();
    await eventually(() => api.watchers.size === 1);
    api.put('one');
    await eventually(() => cache.get(at('one')));
    const first = onlyWatcher();
    first.end(line('ERROR', status(500, 'InternalError')));
    await eventually(() => !api.watchers.has(first));
    api.put('two');
    await eventually(() => cache.get(at('two')));
    await eventually(() => api.watchers.size === 1);

    const half = line('ADDED', api.put('three'));
    const watcher = onlyWatcher();
    watcher.write(half.slice(0, 20));
    setTimeout(() => watcher.destroy(), 20);
    await eventually(() => !api.watchers.has(watcher));
    api.put('four');
    await eventually(() => cache.get(at('four')));
    assert.deepEqual(names(cache), ['four', 'one', 'three', 'two']);
    assert.equal(lists().length, 1);
  });

  it('of which no byte comes any more is dead, and goes on where it was', async () => {
    let silent = true;
    const cache = await open({ limits: { watch: { seconds: [150, 200], idleMs: 300 } } });
    await eventually(() => api.watchers.size === 1);
    // Half-open: nobody says that it is over.
    api.silently(() => api.put('one'));
    api.misbehave = ({ watch }) => watch && silent;
    await systemClock.sleep(100);
    assert.equal(cache.get(at('one')), undefined);
    silent = false;
    await eventually(() => cache.get(at('one')));
    assert.equal(lists().length, 1);
    assert.equal(await restarts('unreachable'), 1);
  });

  it('remembers bookmarks: a forgotten past does not make it list', async () => {
    const cache = await open();
    const watcher = await eventually(() => [...api.watchers][0]);
    // As when another kind of object changes.
    api.silently(() => api.put('hidden'));
    api.bookmark();
    await systemClock.sleep(50);
    api.compact();
    watcher.end();
    await eventually(() => watches().length === 2);
    assert.equal(watches()[1]?.query.get('resourceVersion'), '11');
    assert.equal(watches()[1]?.query.get('allowWatchBookmarks'), 'true');
    assert.equal(lists().length, 1);
    assert.equal(cache.get(at('hidden')), undefined);
  });

  it('that brings what is no event does not stumble over it for ever', async () => {
    const cache = await open();
    await eventually(() => api.watchers.size === 1);
    onlyWatcher().write('{"type":"ADDED","object":{"meta\n');
    await eventually(() => lists().length === 2 && api.watchers.size === 1);
    api.put('one');
    await eventually(() => cache.get(at('one')));
    assert.equal(await restarts('other'), 1);
  });

  it('that ends at once, again and again, is not begun again at once', async () => {
    api.misbehave = ({ watch }, response) => {
      if (!watch) return false;
      response.writeHead(200);
      response.end();
      return true;
    };
    await open({ patience: { baseMs: 100, capMs: 1_000, random: () => 0.999 } });
    await systemClock.sleep(1_000);
    assert.ok(watches().length <= 6, `${watches().length} watches in a second`);
    assert.ok((await restarts('short')) >= 2);
    api.misbehave = undefined;
    await eventually(() => api.watchers.size === 1);
  });

  it('that is asked to wait waits, and so does everything else for that host', async () => {
    let refusals = 0;
    api.misbehave = ({ watch }, response) => {
      if (!watch || refusals > 0) return false;
      refusals += 1;
      return answer(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '1' });
    };
    const cache = await open();
    await eventually(() => refusals === 1);
    await systemClock.sleep(20);
    const refused = watches()[0]?.at ?? 0;
    await connection.client.get(configMaps, at('one'));
    await eventually(() => api.watchers.size === 1);
    for (const { at: sent } of api.requests.slice(2))
      assert.ok(sent - refused >= 995, `${sent - refused} ms`);
    api.put('one');
    await eventually(() => cache.get(at('one')));
  });

  it('asks for an end that differs from watch to watch', async () => {
    await open();
    for (let count = 1; count <= 5; count += 1) {
      await eventually(() => watches().length >= count && api.watchers.size === 1);
      onlyWatcher().end();
      await eventually(() => watches().length > count);
    }
    const asked = watches().map(({ query }) => Number(query.get('timeoutSeconds')));
    assert.ok(
      asked.every((seconds) => seconds >= 150 && seconds <= 200),
      String(asked),
    );
    assert.ok(new Set(asked).size > 1, String(asked));
  });
});

describe('a list', () => {
  it('whose later page is too old is read again in one', async () => {
    for (let index = 0; index < 700; index += 1) api.put(`object-${index}`);
    api.misbehave = ({ query }, response) =>
      query.has('continue') && answer(response, 410, status(410, 'Expired'));
    const cache = await open();
    assert.equal(cache.list().length, 700);
    assert.deepEqual(
      lists().map(({ query }) => query.get('limit')),
      ['250', '250', null],
    );
  });

  it('of a server that lags is not taken', async () => {
    api.put('one');
    const cache = await open();
    await eventually(() => api.watchers.size === 1);
    api.put('two');
    await eventually(() => cache.get(at('two')));
    let stale = 2;
    api.misbehave = ({ watch }, response) => {
      if (watch) return false;
      if (stale === 0) return false;
      stale -= 1;
      return answer(response, 200, { metadata: { resourceVersion: '11' }, items: [] });
    };
    const seen: string[] = [];
    cache.onChange(({ type, object }) => seen.push(`${type} ${object.metadata.name}`));
    onlyWatcher().end(line('ERROR', status(410, 'Expired')));
    await eventually(() => lists().length === 4 && api.watchers.size === 1);
    assert.deepEqual(names(cache), ['one', 'two']);
    assert.deepEqual(seen, ['added one', 'added two']);
    assert.equal(await restarts('stale'), 2);
  });

  it('of a store that was restored from yesterday is taken in the end', async () => {
    api.put('one');
    const cache = await open();
    await eventually(() => api.watchers.size === 1);
    api.misbehave = ({ watch }, response) =>
      !watch && answer(response, 200, { metadata: { resourceVersion: '3' }, items: [] });
    onlyWatcher().end(line('ERROR', status(410, 'Expired')));
    await eventually(() => cache.get(at('one')) === undefined);
    assert.equal(await restarts('stale'), 4);
  });

  it('now and then finds what the watch kept to itself, and counts it', async () => {
    api.put('gone');
    api.put('stays');
    const cache = await open({ patience: { compareEveryMs: 1 } });
    const watcher = await eventually(() => [...api.watchers][0]);
    api.silently(() => {
      api.remove('gone');
      api.put('new');
    });
    api.bookmark();
    await systemClock.sleep(50);
    watcher.end();
    await eventually(() => cache.get(at('new')));
    assert.deepEqual(names(cache), ['new', 'stays']);
    const { values } = await metrics.cacheDrift.get();
    assert.deepEqual(
      values.map(({ labels, value }) => [labels.kind, value]),
      [['ConfigMap', 2]],
    );
    assert.equal(lists()[1]?.query.get('resourceVersionMatch'), 'Exact');
  });
});

describe('our own writes', () => {
  it('are seen at once, and an older event does not undo them', async () => {
    const before = api.put('one', { a: 'old' });
    const cache = await open();
    const watcher = await eventually(() => [...api.watchers][0]);
    const after = api.silently(() => api.put('one', { a: 'new' }));
    cache.wrote(after);
    assert.deepEqual(cache.get(at('one'))?.data, { a: 'new' });
    const seen: CacheChange[] = [];
    cache.onChange((change) => seen.push(change));
    watcher.write(line('MODIFIED', before));
    watcher.write(line('MODIFIED', after));
    watcher.write(line('ADDED', api.put('two')));
    await eventually(() => cache.get(at('two')));
    assert.deepEqual(cache.get(at('one'))?.data, { a: 'new' });
    assert.deepEqual(
      seen.map(({ type, object }) => `${type} ${object.metadata.name}`),
      ['added one', 'added two'],
    );
  });

  it('survive a list that began before them', async () => {
    const cache = await open();
    const watcher = await eventually(() => [...api.watchers][0]);
    cache.wrote(api.silently(() => api.put('mine')));
    api.misbehave = ({ watch }, response) =>
      !watch &&
      lists().length === 2 &&
      answer(response, 200, { metadata: { resourceVersion: '10' }, items: [] });
    watcher.end(line('ERROR', status(410, 'Expired')));
    await eventually(() => lists().length === 2 && api.watchers.size === 1);
    assert.deepEqual(names(cache), ['mine']);
  });

  it('that delete are seen at once; a late event of the old one is not, the next of that name is', async () => {
    const old = api.put('one');
    const cache = await open();
    const watcher = await eventually(() => [...api.watchers][0]);
    cache.deleted(old);
    assert.equal(cache.get(at('one')), undefined);
    watcher.write(line('MODIFIED', { ...old, metadata: { ...old.metadata, resourceVersion: '12' } }));
    watcher.write(line('ADDED', api.put('two')));
    await eventually(() => cache.get(at('two')));
    assert.equal(cache.get(at('one')), undefined);
    api.remove('one');
    api.put('one', { new: 'yes' });
    await eventually(() => cache.get(at('one')));
    assert.notEqual(cache.get(at('one'))?.metadata.uid, old.metadata.uid);
  });

  it('that delete what a finalizer keeps leave it in sight', async () => {
    const kept = api.put('one', {}, { finalizers: ['x.y/z'] });
    const cache = await open();
    cache.deleted(kept);
    assert.ok(cache.get(at('one')));
  });

  it('do not come into a cache that does not watch them', async () => {
    const cache = await open({ options: { labelSelector: 'app=mill,!old' } });
    cache.wrote(api.put('other'));
    cache.wrote(api.put('old', {}, { labels: { app: 'mill', old: 'yes' } }));
    cache.wrote({ ...api.put('far'), metadata: { ...api.put('far').metadata, namespace: 'far' } });
    assert.deepEqual(names(cache), []);
    const mine = api.put('mine', {}, { labels: { app: 'mill' } });
    cache.wrote(mine);
    assert.deepEqual(names(cache), ['mine']);
    cache.wrote(api.put('mine'));
    assert.deepEqual(names(cache), []);
  });
});

describe('figures', () => {
  it('are the objects, and how long ago the watch was heard', async () => {
    api.put('one');
    api.put('two');
    await open();
    const text = await metrics.registry.metrics();
    assert.ok(text.includes('kube_cache_objects{kind="ConfigMap"} 2'), text);
    const age = Number(/kube_watch_age_seconds\{kind="ConfigMap"\} (\S+)/.exec(text)?.[1]);
    assert.ok(age >= 0 && age < 5, text);
  });
});
