// Every field of a Pipeline, changed: a wrong value is refused, or becomes a condition that names the field; a good one comes
// to rest, and rolls nobody whom it does not reach; changed back all is as it was. Nothing sticks.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chainStays, logsStay, partitionsStay, volumesOnlyGrow } from '../../src/api/rules-of-change.ts';
import { realCluster } from '../../src/kube/cluster.fixture.ts';
import {
  createPipeline,
  installCrd,
  type RunningOperator,
  startOperator,
} from '../../src/operator/operator.fixture.ts';
import type { Answer, Api } from '../kube/api.ts';
import { aNamespace } from '../kube/world.ts';
import { allFields, differingPaths, type Field, problemsOf, type Spec, valueAt } from './fields.ts';
import { type Base, bases, secretNames } from './fields-bases.ts';
import { reachBelow, reachOf } from './fields-reach.ts';
import { type Change, invalidChanges, missingChange, validChange } from './fields-values.ts';
import { atRest, isOfSpec, replaceSpec, type World } from './fields-world.ts';

const full = process.env.MILLRACE_TEST_OPERATOR === 'full';
/** Fields whose change is followed to its end; wrong values are tried of all. */
const sampled = 8;
const seed = Number(process.env.MILLRACE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MILLRACE_TEST_SEED=${seed}`;

const cluster = realCluster();
let admin: Api;
before(async () => {
  admin = cluster.admin;
  await installCrd(admin);
});

interface Place {
  readonly namespace: string;
  readonly base: Base;
  /** As the pipeline is between two fields: volumes that have grown stay grown. */
  spec: Spec;
}

const operators: RunningOperator[] = [];
const places = new Map<Base, Promise<Place>>();
after(async () => {
  await Promise.all(operators.map((one) => one.stop()));
});

const placeOf = (base: Base): Promise<Place> => {
  const known = places.get(base) ?? newPlace(base);
  places.set(base, known);
  return known;
};

async function newPlace(base: Base): Promise<Place> {
  const namespace = await aNamespace(admin, 'fields');
  for (const name of secretNames)
    await admin.create(`/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name },
      stringData: { url: `${name}://${name}.test:1234/`, other: `${name}://other.test:1234/` },
    });
  operators.push(await startOperator({ client: cluster.connection('fields-test').client, namespace }));
  await createPipeline(admin, namespace, 'chain', base.spec);
  const { conditions } = await atRest(admin, namespace);
  assert.equal(conditions.get('Ready')?.reason, base.ready, JSON.stringify([...conditions.values()]));
  return { namespace, base, spec: base.spec };
}

const fields = allFields();

describe(`every field of a Pipeline, ${repeat}`, () => {
  it('has a place in a base, a wrong value, and somebody whom it reaches', () => {
    for (const { spec, name } of bases) assert.deepEqual(problemsOf(spec), [], name);
    for (const field of fields) {
      assert.ok(invalidChanges(field).length > 0, `${field.name}: no wrong value`);
      const known = reachOf(field.path) ?? reachBelow(field.path);
      assert.ok(reachOf(field.path) || known.length > 0, `${field.name}: fields-reach.ts does not say whom`);
      if (isLeaf(field)) assert.ok(validChange(field, seed), `${field.name}: no valid other value`);
    }
  });

  it('refuses what is wrong, naming the field, or says it in a condition', {
    timeout: 1_800_000,
  }, async () => {
    for (const field of fields) for (const change of invalidChanges(field)) await refused(field, change);
  });

  it('comes to rest with another value, and back', { timeout: 3_600_000 }, async (t) => {
    const chosen = full ? fields : sample(fields.filter(isLeaf), sampled);
    t.diagnostic(`${repeat}: ${chosen.map(({ name }) => name).join(', ')}`);
    const failures: unknown[] = [];
    for (const field of chosen) {
      const [missing, change] = [missingChange(field), validChange(field, seed)];
      try {
        if (missing) await saidMissing(field, missing);
        if (change) await thereAndBack(field, change);
      } catch (error) {
        failures.push(error);
        // All of it takes minutes: a person hears of it at once.
        process.stderr.write(`${field.name}: ${error}\n`);
        // The next field finds a sound world.
        places.clear();
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n\n'));
  });
});

const isLeaf = ({ schema }: Field): boolean => !schema.properties && !schema.items;

/** Another choice for each seed. */
function sample<T>(all: readonly T[], size: number): readonly T[] {
  return Array.from({ length: size }, (_, index) => {
    const wide = all.length / size;
    const within = ((seed >>> (index % 16)) % 997) / 997;
    return all[Math.floor((index + within) * wide)];
  }).filter((one) => one !== undefined);
}

/** A person finds the field by its name, by that of what holds it, or by what `millrace check` names. */
function assertNames(text: string, field: Field, to: Spec, where: string): void {
  const names = field.path.filter((part) => typeof part === 'string').slice(-2);
  const told = problemsOf(to).map(({ path }) => path);
  assert.ok(
    [...names, ...told].some((name) => text.includes(name)),
    `${where}: names no field: ${text}`,
  );
}

async function refused(field: Field, { base, to }: Change): Promise<void> {
  const place = await placeOf(base);
  const value = JSON.stringify(
    differingPaths(base.spec, to).map((path) => [path.join('.'), valueAt(to, path)]),
  );
  const where = `${field.name}: ${value.slice(0, 200)}`;
  const { status, body } = await replaceSpec(admin, place.namespace, from(place, to));
  if (status >= 400) {
    assert.ok([400, 422].includes(status), `${where}: ${status}`);
    assertNames(said(body), field, to, where);
    return;
  }
  const { conditions } = await atRest(admin, place.namespace);
  const ready = conditions.get('Ready');
  assert.equal(ready?.status, 'False', `${where} is accepted, and nobody says that it is wrong`);
  assertNames(ready?.message ?? '', field, to, where);
  await mended(place, where);
}

async function saidMissing(field: Field, { base, to }: Change): Promise<void> {
  const place = await placeOf(base);
  const first = await atRest(admin, place.namespace);
  assertAccepted(await replaceSpec(admin, place.namespace, from(place, to)), field.name);
  const { conditions, rolls } = await atRest(admin, place.namespace);
  const stores = conditions.get('StoresReachable');
  assert.equal(stores?.status, 'False', `${field.name}: a Secret that is not there`);
  assert.ok(stores?.message.includes(field.name.replace(/\.secretKeyRef.*/, '')), stores?.message);
  assert.deepEqual(rolls, first.rolls, `${field.name}: nobody rolls for a Secret that is not there`);
  await mended(place, field.name, first);
}

async function thereAndBack(field: Field, { base, to }: Change): Promise<void> {
  const place = await placeOf(base);
  const { namespace } = place;
  const first = await atRest(admin, namespace);
  const wanted = from(place, to);
  const there = await replaceSpec(admin, namespace, wanted);
  if (there.status === 422) {
    assertFixed(there.body, field);
    return;
  }
  assertAccepted(there, field.name);
  const second = await atRest(admin, namespace);
  assertUnrolled(first, second, place.spec, wanted, field);
  const back = await replaceSpec(admin, namespace, place.spec);
  if (back.status === 422) {
    assertFixed(back.body, field);
    place.spec = wanted;
    return;
  }
  assertAccepted(back, field.name);
  const third = await atRest(admin, namespace);
  assertUnrolled(first, third, place.spec, wanted, field);
  assertSame(third, first, `${field.name}: changed back`);
}

async function mended(place: Place, where: string, first?: World): Promise<void> {
  assertAccepted(await replaceSpec(admin, place.namespace, place.spec), where);
  const world = await atRest(admin, place.namespace);
  assert.equal(world.conditions.get('Ready')?.reason, place.base.ready, `${where}: mended`);
  if (first) assertSame(world, first, `${where}: mended`);
}

/** The change, made to the pipeline as it is now: what has changed for good before stays. */
function from({ spec, base }: Place, to: Spec): Spec {
  const copy = structuredClone(to);
  for (const path of differingPaths(base.spec, spec)) {
    const holder = valueAt(copy, path.slice(0, -1));
    const untouched = valueAt(to, path) === valueAt(base.spec, path);
    if (untouched && typeof holder === 'object' && holder !== null)
      Object.assign(holder, { [path.at(-1) ?? '']: valueAt(spec, path) });
  }
  return copy;
}

const said = (body: unknown): string => String((body as { readonly message?: string }).message);

function assertAccepted({ status, body }: Answer, where: string): void {
  assert.equal(status, 200, `${where}: ${said(body)}`);
}

const finalRules = [chainStays, logsStay, partitionsStay, volumesOnlyGrow];

function assertFixed(body: unknown, field: Field): void {
  const text = said(body);
  assert.ok(
    finalRules.some(({ message }) => text.includes(message)),
    `${field.name} is valid, and refused: ${text}`,
  );
}

function assertUnrolled(first: World, then: World, before: Spec, to: Spec, field: Field): void {
  const reached = new Set(differingPaths(before, to).flatMap((path) => reachOf(path) ?? reachBelow(path)));
  for (const [component, roll] of Object.entries(first.rolls)) {
    const now = then.rolls[component];
    // What is not there any more has not rolled.
    if (now === undefined || reached.has(component)) continue;
    assert.equal(now, roll, `${field.name} rolls ${component}`);
  }
}

function assertSame(world: World, first: World, where: string): void {
  const names = new Set([...Object.keys(world.objects), ...Object.keys(first.objects)]);
  for (const name of names)
    assert.deepEqual(world.objects[name], first.objects[name], `${where}: ${name} is not as before`);
  const told = ({ conditions }: World) =>
    [...conditions.values()]
      .filter(isOfSpec)
      .map(({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`);
  assert.deepEqual(told(world).toSorted(), told(first).toSorted(), where);
}
