import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { aNamespace } from '../../test/kube/world.ts';
import { isApiError } from './api-error.ts';
import { realCluster } from './cluster.fixture.ts';
import { configMaps } from './controller.fixture.ts';
import { createFinalizer, type Finalizer } from './finalizers.ts';
import type { LiveObject } from './object.ts';

const cluster = realCluster();
const ours = 'example.com/ours';
let namespace: string;
let path: string;
let count = 0;

before(async () => {
  namespace = await aNamespace(cluster.admin);
  path = `/api/v1/namespaces/${namespace}/configmaps`;
});

/** An object of somebody's, and our finalizer for it. */
async function anObject(finalizers: readonly string[] = []) {
  count += 1;
  const name = `object-${count}`;
  const userAgent = `finalizer-test-${count}/1`;
  const { client } = cluster.connection(userAgent);
  const audit = await cluster.audit();
  await cluster.admin.create(path, { metadata: { name, finalizers }, data: { kept: 'yes' } });
  const finalizer = createFinalizer({
    client,
    kind: configMaps,
    finalizer: ours,
    fieldManager: 'example-finalizer',
  });
  const read = async (): Promise<LiveObject | undefined> => client.get(configMaps, { namespace, name });
  const there = async (): Promise<LiveObject> => {
    const live = await read();
    assert.ok(live);
    return live;
  };
  return {
    name,
    finalizer,
    client,
    read,
    there,
    finalizers: async () => (await there()).metadata.finalizers ?? [],
    writes: async () => (await audit.writes({ userAgent })).map(({ verb, status }) => `${verb} ${status}`),
    /** As a person would. */
    remove: () => cluster.admin.remove(`${path}/${name}`),
    again: () => cluster.admin.create(path, { metadata: { name } }),
  };
}

describe('a finalizer', () => {
  it('goes on and off, leaves those of others alone, and is not written when nothing changes', async () => {
    const { finalizer, there, finalizers, writes } = await anObject(['example.com/theirs']);
    const on = await finalizer.add(await there());
    assert.ok(on && finalizer.isOn(on));
    assert.deepEqual((await finalizers()).toSorted(), [ours, 'example.com/theirs']);
    assert.equal(await finalizer.add(on), on);
    assert.deepEqual((await there()).data, { kept: 'yes' });
    await finalizer.remove(await there());
    assert.deepEqual(await finalizers(), ['example.com/theirs']);
    await finalizer.remove(await there());
    assert.deepEqual(await writes(), ['patch 200', 'patch 200']);
  });

  it('is added beside others at the same moment, none lost', async () => {
    const { client, there, finalizers } = await anObject();
    const live = await there();
    const all = ['a', 'b', 'c', 'd', 'e'].map((one) => `example.com/${one}`);
    const each = (finalizer: string): Finalizer =>
      createFinalizer({ client, kind: configMaps, finalizer, fieldManager: finalizer });
    await Promise.all(all.map((one) => each(one).add(live)));
    assert.deepEqual((await finalizers()).toSorted(), all);
    const full = await there();
    await Promise.all(all.slice(1).map((one) => each(one).remove(full)));
    assert.deepEqual(await finalizers(), ['example.com/a']);
  });

  it('keeps the object until it is taken off; then it is gone, and stays so', async () => {
    const { finalizer, there, read, remove } = await anObject();
    const before = await there();
    await finalizer.add(before);
    await remove();
    const going = await there();
    assert.ok(going.metadata.deletionTimestamp);
    await finalizer.remove(going);
    assert.equal(await read(), undefined);
    // Once more, from what a cache may still believe.
    await finalizer.remove(going);
    assert.equal(await finalizer.add(before), undefined);
    assert.equal(await read(), undefined);
  });

  it('cannot be added to what is being deleted, whether the cache knows it or not', async () => {
    const { finalizer, there, finalizers, remove } = await anObject(['example.com/theirs']);
    const before = await there();
    await remove();
    assert.equal(await finalizer.add(await there()), undefined);
    assert.equal(await finalizer.add(before), undefined);
    assert.deepEqual(await finalizers(), ['example.com/theirs']);
  });

  it('touches no namesake of an object that is gone', async () => {
    const { finalizer, there, finalizers, remove, again } = await anObject();
    const before = await there();
    await remove();
    await again();
    assert.equal(await finalizer.add(before), undefined);
    assert.deepEqual(await finalizers(), []);
    const stale = { ...before, metadata: { ...before.metadata, finalizers: [ours] } };
    await finalizer.add(await there());
    await finalizer.remove(stale);
    assert.deepEqual(await finalizers(), [ours]);
  });

  it('is taken off although somebody else has applied it too', async () => {
    const { name, finalizer, there, finalizers } = await anObject(['example.com/theirs']);
    await finalizer.add(await there());
    const copy = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { finalizers: [ours, 'example.com/theirs'] },
    };
    await cluster.admin.apply(`${path}/${name}`, copy, 'somebody');
    await finalizer.remove(await there());
    assert.deepEqual(await finalizers(), ['example.com/theirs']);
  });

  it('says so when it may not', async () => {
    const { finalizer, there } = await anObject();
    const live = await there();
    const denied = createFinalizer({
      client: cluster.connection('finalizer-denied/1').client,
      kind: configMaps,
      finalizer: 'no finalizer at all',
      fieldManager: 'example-finalizer',
    });
    await assert.rejects(denied.add(live), (error) => isApiError(error, 'invalid'));
    assert.equal(finalizer.isOn(await there()), false);
  });
});
