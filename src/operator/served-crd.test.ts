import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Crd, crdOf, schemaAnnotation } from '../api/crd.ts';
import { pipelineKind } from '../api/kinds.ts';
import { describeError } from '../errors.ts';
import { ApiError } from '../kube/api-error.ts';
import type { LiveObject } from '../kube/object.ts';
import { compareCrd, readServedCrd, type ServedCrd, servedCrdProblem } from './served-crd.ts';

const known = crdOf(pipelineKind);

interface Changes {
  readonly annotations?: Record<string, string>;
  readonly spec?: (spec: Crd['spec']) => object;
  readonly established?: string;
}

function live({ annotations, spec = (same) => same, established = 'True' }: Changes = {}): LiveObject {
  return structuredClone({
    ...known,
    metadata: {
      ...known.metadata,
      ...(annotations && { annotations }),
      uid: 'u',
      resourceVersion: '1',
    },
    spec: { ...spec(known.spec), conversion: { strategy: 'None' } },
    status: { conditions: [{ type: 'Established', status: established }] },
  });
}

const sentence = (served: ServedCrd): string | undefined => {
  const problem = servedCrdProblem(pipelineKind, served);
  return problem && describeError(problem);
};

test('the definition that this operator knows is no news, whatever the server adds beside it', () => {
  assert.deepEqual(compareCrd(known, live()), { state: 'same' });
  assert.equal(sentence({ state: 'same' }), undefined);
});

test('one that is not there, or not served yet, is missing', () => {
  assert.deepEqual(compareCrd(known, undefined), { state: 'missing' });
  assert.deepEqual(compareCrd(known, live({ established: 'False' })), { state: 'missing' });
  assert.match(sentence({ state: 'missing' }) ?? '', /^CrdMissing: .*pipelines.millrace.dev.*millrace-crds/);
});

test('one of another version is named with both hashes, one that is not ours without', () => {
  const older = compareCrd(known, live({ annotations: { [schemaAnnotation]: 'sha256:0' } }));
  assert.equal(older.state, 'other');
  assert.match(sentence(older) ?? '', /^CrdDiffers: .*is sha256:0, not sha256:[0-9a-f]{16}/);
  assert.match(sentence(compareCrd(known, live({ annotations: {} }))) ?? '', /is not set, not sha256/);
});

test('one that was edited is named with the place', () => {
  const [version] = known.spec.versions;
  const edited = live({
    spec: (spec) => {
      const { openAPIV3Schema } = structuredClone(version.schema);
      const chain = openAPIV3Schema.properties?.spec?.properties?.topics?.properties?.partitions;
      if (chain) chain.maximum = 9;
      return { ...spec, versions: [{ ...version, schema: { openAPIV3Schema } }] };
    },
  });
  assert.match(
    sentence(compareCrd(known, edited)) ?? '',
    /changed by hand at version.schema.openAPIV3Schema.properties.spec.properties.topics.properties.partitions.maximum/,
  );
  const loosened = live({
    spec: (spec) => ({ ...spec, versions: [version, { ...version, name: 'v1', storage: false }] }),
  });
  assert.match(sentence(compareCrd(known, loosened)) ?? '', /changed by hand at versions/);
});

test('who may not look is not stopped; any other failure is passed on', async () => {
  const failing = (error: Error) => ({ get: () => Promise.reject(error) });
  const forbidden = await readServedCrd(failing(new ApiError('forbidden', 'no')), pipelineKind);
  assert.deepEqual(forbidden, { state: 'unreadable' });
  assert.equal(sentence(forbidden), undefined);
  await assert.rejects(readServedCrd(failing(new ApiError('unreachable', 'gone')), pipelineKind), /gone/);
});
