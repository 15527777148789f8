// Random manifests: first one that is valid as far as a schema can say, then wrong in up to two places.

import fc from 'fast-check';
import { aManifest, type Manifest } from './pipeline.fixture.ts';
import { pipelineSchema } from './pipeline.ts';
import { asNode, childSchema, rulesOf, type SchemaNode } from './schema-walk.ts';

type Fields = Record<string, unknown>;

export function arbitraryManifest(): fc.Arbitrary<Manifest> {
  const spec = anyOfSchema(asNode(childSchema(pipelineSchema, 'spec') ?? pipelineSchema));
  const places = fc.array(fc.tuple(fc.nat(), wrongValue), { maxLength: 2 });
  return fc.tuple(spec, fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, places)).map(([valid, wrong]) => {
    const manifest = { ...aManifest(), spec: valid as Manifest['spec'] };
    for (const [place, value] of wrong) spoil(manifest, place, value);
    return manifest;
  });
}

/** `undefined` takes the field away. */
const wrongValue = fc.constantFrom<unknown>(
  ...[undefined, null, -1, 0, 1, 1.5, 1e20, 2 ** 53, true, '', 'x', 'a\nb', '7d', ' ', 'ü', '9'.repeat(30)],
  ...[[], {}, [null], { unknown: 1 }, { min: 9 }, 'kafka://x', 'kafka://a b', '2Ti', 'user/Ada', '-'],
);

function spoil(manifest: Manifest, place: number, value: unknown): void {
  const holders: { holder: Fields; field: string }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const field of Object.keys(node)) {
      holders.push({ holder: node as Fields, field });
      visit((node as Fields)[field]);
    }
  };
  visit(manifest.spec);
  const chosen = holders[place % holders.length];
  if (!chosen) return;
  const { holder, field } = chosen;
  if (value !== undefined) holder[field] = structuredClone(value);
  else if (Array.isArray(holder)) holder.splice(Number(field), 1);
  else delete holder[field];
}

function anyOfSchema(node: SchemaNode): fc.Arbitrary<unknown> {
  if (node.const !== undefined) return fc.constant(node.const);
  if (node.enum) return fc.constantFrom(...node.enum);
  if (node.anyOf) return fc.oneof(...node.anyOf.map(anyOfSchema));
  if (node.type === 'string') return textOf(node);
  if (node.type === 'boolean') return fc.boolean();
  if (node.type === 'integer') return integerOf(node);
  if (node.items) {
    const item = anyOfSchema(node.items);
    return fc.oneof(
      { weight: 4, arbitrary: fc.array(item, { minLength: 1, maxLength: 2 }) },
      fc.constant([]),
    );
  }
  return objectOf(node);
}

function integerOf({ minimum = 0, maximum = 0, examples }: SchemaNode): fc.Arbitrary<number> {
  const near = fc.integer({ min: minimum, max: Math.min(maximum, minimum + 8) });
  const usual = examples ? fc.constantFrom(...(examples as readonly number[])) : near;
  return fc.oneof({ weight: 8, arbitrary: usual }, near, fc.constantFrom(minimum, maximum));
}

function textOf(node: SchemaNode): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 0 } = node as { minLength?: number; maxLength?: number };
  const examples = node.examples?.length
    ? fc.constantFrom(...(node.examples as readonly string[]))
    : undefined;
  const other =
    node.pattern === undefined
      ? fc.string({ minLength, maxLength: Math.min(maxLength, 12) })
      : fc
          .stringMatching(new RegExp(node.pattern))
          .filter((text) => text.length <= maxLength && text.isWellFormed());
  return examples ? fc.oneof({ weight: 3, arbitrary: examples }, other) : other;
}

function objectOf(node: SchemaNode): fc.Arbitrary<Fields> {
  const properties = Object.entries(node.properties ?? {});
  const names = properties.map(([name]) => name);
  if (names.join() === 'min,preferred,max') return sizes();
  const one = rulesOf(node).some(({ message }) => message.startsWith('must have exactly one of'));
  const required = new Set(node.required ?? []);
  const optional = properties.filter(([name, child]) => !required.has(name) || child.default !== undefined);
  const chosen = one
    ? fc.constantFrom(...names).map((name) => [name])
    : fewOf(optional.map(([name]) => name));
  const model = Object.fromEntries(properties.map(([name, child]) => [name, anyOfSchema(child)]));
  return fc
    .tuple(fc.record(model), chosen)
    .map(([full, kept]) =>
      Object.fromEntries(
        Object.entries(full).filter(
          ([name]) =>
            kept.includes(name) || (required.has(name) && !optional.some(([each]) => each === name)),
        ),
      ),
    );
}

/** Most are left out; endpoints seldom, for nothing is valid without them or nodes. */
function fewOf(names: readonly string[]): fc.Arbitrary<readonly string[]> {
  const usual = names.filter((name) => name === 'endpoints');
  return names.length === 0
    ? fc.constant([])
    : fc
        .tuple(
          fc.subarray([...names], { maxLength: Math.ceil(names.length / 3) }),
          fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, fc.constant([])),
        )
        .map((chosen) => chosen.flat());
}

/** Mostly in order, seldom all three. */
function sizes(): fc.Arbitrary<Fields> {
  const few = fc.integer({ min: 1, max: 7 });
  return fc.tuple(few, few, few, fc.subarray(['min', 'preferred', 'max'])).map(([a, b, c, kept]) => {
    const [min, preferred, max] = [a, b, c].sort((one, other) => one - other);
    return Object.fromEntries(
      Object.entries({ min, preferred, max }).filter(([name]) => kept.includes(name)),
    );
  });
}
