import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CacheChange } from './cache-port.ts';
import { type CacheStore, createCacheStore } from './cache-store.ts';
import type { LiveObject } from './object.ts';

type Step =
  | { readonly do: 'put' | 'remove' | 'ownPut' | 'ownRemove'; readonly name: string }
  | { readonly do: 'deliver' | 'relist' | 'replay'; readonly count: number };

interface Happened {
  readonly version: number;
  readonly gone: boolean;
  readonly object: LiveObject;
}

const names = ['a', 'b', 'c'];
const count = fc.integer({ min: 0, max: 4 });
const usual: readonly fc.Arbitrary<Step>[] = [
  fc.record({
    do: fc.constantFrom('put' as const, 'remove' as const, 'ownPut' as const, 'ownRemove' as const),
    name: fc.constantFrom(...names),
  }),
  fc.record({ do: fc.constant('deliver' as const), count }),
  fc.record({ do: fc.constant('relist' as const), count }),
];
const replay: fc.Arbitrary<Step> = fc.record({ do: fc.constant('replay' as const), count });

/** A server's history, and a store that is told of it late. */
class World {
  readonly store: CacheStore;
  readonly changes: CacheChange[] = [];
  readonly history: Happened[] = [];
  readonly ownRemoved = new Set<string>();
  /** Events told. */
  told = 0;
  #version = 98;

  constructor() {
    const byName = ({ metadata }: LiveObject) => [metadata.name];
    this.store = createCacheStore({ byName }, (error) => {
      throw error;
    });
    this.store.onChange((change) => this.changes.push(change));
  }

  at(version = this.#version): Map<string, LiveObject> {
    const world = new Map<string, LiveObject>();
    for (const { version: when, gone, object } of this.history) {
      if (when > version) break;
      if (gone) world.delete(object.metadata.name);
      else world.set(object.metadata.name, object);
    }
    return world;
  }

  put(name: string): LiveObject {
    this.#version += 1;
    const uid = this.at(this.#version - 1).get(name)?.metadata.uid ?? `uid-${this.#version}`;
    const metadata = { name, uid, resourceVersion: String(this.#version) };
    const object: LiveObject = { apiVersion: 'v1', kind: 'Mill', metadata };
    this.history.push({ version: this.#version, gone: false, object });
    return object;
  }

  remove(name: string): LiveObject | undefined {
    const before = this.at().get(name);
    if (!before) return undefined;
    this.#version += 1;
    const metadata = { ...before.metadata, resourceVersion: String(this.#version) };
    this.history.push({ version: this.#version, gone: true, object: { ...before, metadata } });
    return before;
  }

  deliver(count: number): void {
    for (const { gone, object } of this.history.slice(this.told, this.told + count)) {
      if (gone) this.store.gone(object);
      else this.store.saw(object);
    }
    this.told = Math.min(this.history.length, this.told + count);
  }

  /** As of some events ago, yet not before what the watch has told. */
  relist(ago: number): void {
    const upTo = Math.max(this.told, this.history.length - ago);
    const version = this.history[upTo - 1]?.version ?? 98;
    this.store.replace(this.at(version), String(version));
    this.told = upTo;
  }

  run(step: Step): void {
    if (step.do === 'put') this.put(step.name);
    else if (step.do === 'remove') this.remove(step.name);
    else if (step.do === 'deliver') this.deliver(step.count);
    else if (step.do === 'relist') this.relist(step.count);
    else if (step.do === 'replay') this.told = Math.max(0, this.told - step.count);
    else if (step.do === 'ownPut') {
      const object = this.put(step.name);
      this.store.saw(object);
      assert.equal(this.store.get({ name: step.name }), object, 'our own write is seen');
    } else if (step.do === 'ownRemove') {
      const removed = this.remove(step.name);
      if (!removed) return;
      this.ownRemoved.add(removed.metadata.uid);
      this.store.deleted(removed);
    }
  }
}

/** What somebody knows who only hears of changes. */
function heard(changes: readonly CacheChange[]): ReadonlyMap<string, LiveObject> {
  const known = new Map<string, LiveObject>();
  for (const { type, object, before } of changes) {
    const { name, uid } = object.metadata;
    if (type === 'added') assert.ok(!known.has(name), `${name} was added twice`);
    else assert.equal(known.get(name)?.metadata.uid, uid, `${name} was ${type} as another`);
    if (type === 'changed') assert.equal(known.get(name), before);
    if (type === 'deleted') known.delete(name);
    else known.set(name, object);
  }
  return known;
}

function check(steps: readonly Step[], eachStep: (world: World) => void): void {
  const world = new World();
  for (const step of steps) {
    world.run(step);
    assert.deepEqual(
      heard(world.changes),
      new Map(world.store.list().map((each) => [each.metadata.name, each])),
    );
    for (const name of names) {
      const one = world.store.get({ name });
      assert.deepEqual(world.store.by('byName', name), one ? [one] : [], 'the index agrees');
    }
    eachStep(world);
  }
  world.deliver(world.history.length);
  assert.deepEqual(heard(world.changes), world.at());
}

describe('a cache store', () => {
  it('ends as the world is, tells no other story, and never shows what we deleted', () => {
    const steps = fc.array(fc.oneof(...usual), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (run) =>
        check(run, ({ store, ownRemoved }) => {
          for (const { metadata } of store.list()) assert.ok(!ownRemoved.has(metadata.uid));
        }),
      ),
      { numRuns: 1_000 },
    );
  });

  it('ends as the world is when the server repeats itself', () => {
    const steps = fc.array(fc.oneof(...usual, replay), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (run) => check(run, () => undefined)),
      { numRuns: 1_000 },
    );
  });
});
