// What the builders write down is what the API server stores: applied twice, nothing has changed in between.

import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { aNamespace } from '../../../test/kube/world.ts';
import { realCluster } from '../../kube/cluster.fixture.ts';
import { differences } from '../../kube/differences.ts';
import type { KubeObject } from '../../kube/object.ts';
import { declaredOf } from '../declared.fixture.ts';
import { kindOf } from '../kinds.ts';
import { allOf } from './all.fixture.ts';

const cluster = realCluster();
let namespace: string;
before(async () => {
  // It enforces the restricted Pod Security standard.
  namespace = await aNamespace(cluster.admin);
});

it('every object is stored as it was sent', async () => {
  const { client } = cluster.connection('operator-resources-test');
  for (const object of allOf(declaredOf({ namespace }))) {
    const { ownerReferences: _, ...metadata } = object.metadata;
    const sent: KubeObject = { ...object, metadata };
    const first = await client.apply(kindOf(sent), sent);
    const second = await client.apply(kindOf(sent), sent);
    const what = `${sent.kind} ${metadata.name}`;
    assert.deepEqual(
      differences({ ...sent }, first).map(({ path }) => path),
      [],
      what,
    );
    const spec = (of: KubeObject) => JSON.stringify([of.spec, of.data]);
    assert.equal(spec(second), spec(first), what);
  }
});
