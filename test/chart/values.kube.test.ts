import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { load } from 'js-yaml';
import { chart, helm, only, rendered, template, type Values } from './helm.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

interface PodSpec {
  readonly containers: readonly {
    readonly image: string;
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
  }[];
  readonly affinity: { readonly podAntiAffinity: Readonly<Record<string, readonly unknown[]>> };
  readonly priorityClassName?: string;
}

async function operatorPod(values: Values): Promise<PodSpec> {
  const { spec } = only(await rendered(values), 'Deployment');
  return (spec as { template: { spec: PodSpec } }).template.spec;
}

describe('the chart', () => {
  it('passes helm lint', async () => {
    const { status, stdout } = await helm(['lint', '--strict', chart]);
    assert.equal(status, 0, stdout);
  });

  it('names the image by its digest; the roles of this version get the same one', async () => {
    const { containers } = await operatorPod({ image: { repository: 'registry.test/millrace', digest } });
    const [operator] = containers;
    assert.equal(operator?.image, `registry.test/millrace@${digest}`);
    assert.equal(operator?.env.find(({ name }) => name === 'MILLRACE_IMAGE')?.value, operator?.image);
    const { version } = JSON.parse(readFileSync(join(chart, '../../package.json'), 'utf8')) as {
      version: string;
    };
    assert.equal((await operatorPod({})).containers[0]?.image, `millrace:${version}`);
  });

  it('tells the operator which namespaces are its', async () => {
    const { containers } = await operatorPod({ watchNamespaces: ['chains', 'more'] });
    assert.deepEqual(containers[0]?.args, [
      'operator',
      '--namespace=chains',
      '--namespace=more',
      '--leader-election-namespace=millrace-system',
      '--metrics-port=8080',
      '--health-port=8081',
    ]);
    assert.ok(!(await operatorPod({})).containers[0]?.args.some((arg) => arg.startsWith('--namespace')));
  });

  it('keeps two operators apart, beside what people ask for', async () => {
    const wish = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } };
    const spec = await operatorPod({ affinity: wish, antiAffinity: 'required', priorityClassName: 'high' });
    assert.deepEqual(Object.keys(spec.affinity).sort(), ['nodeAffinity', 'podAntiAffinity']);
    const { requiredDuringSchedulingIgnoredDuringExecution: terms = [] } = spec.affinity.podAntiAffinity;
    assert.equal(terms.length, 1);
    assert.equal(spec.priorityClassName, 'high');
  });

  it('says everything in values.schema.json that values.yaml has, and the other way round', () => {
    const values = load(readFileSync(join(chart, 'values.yaml'), 'utf8')) as Values;
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Schema;
    assert.deepEqual(
      pathsOfValues(values, schema).sort(),
      pathsOfSchema(schema)
        .filter((path) => path !== 'global' && path !== 'resources.claims')
        .sort(),
    );
  });

  it('has rights in given namespaces only, and none in the whole cluster when that is asked for', async () => {
    const values = {
      watchNamespaces: ['chains'],
      rbac: { readDefinition: false },
      uninstallGuard: { enabled: false },
    };
    const objects = await rendered(values);
    assert.deepEqual(
      objects.filter(({ kind }) => kind?.startsWith('Cluster')).map(({ metadata }) => metadata.name),
      [],
    );
    const roles = objects.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.namespace);
    assert.deepEqual(roles.sort(), ['chains', 'millrace-system']);
  });
});

describe('values that are wrong', () => {
  const refusals: readonly (readonly [string, Values, RegExp])[] = [
    [
      'a digest that is none',
      { image: { digest: 'sha256:abc' } },
      /image.digest.*does not match pattern.*sha256/is,
    ],
    ['no operator', { replicas: 0 }, /replicas.*minimum.*1/is],
    ['text for a number', { replicas: 'two' }, /replicas.*got string, want integer/is],
    ['a word that no value has', { replica: 3 }, /additional properties 'replica' not allowed/i],
    [
      '… also inside',
      { rbac: { clusterWide: true } },
      /rbac.*additional properties 'clusterWide' not allowed/is,
    ],
    ['a log level that is none', { logLevel: 'loud' }, /logLevel.*one of.*'debug'/is],
    ['a namespace that cannot be', { watchNamespaces: ['Chains'] }, /watchNamespaces.0.*pattern/is],
    ['the same namespace twice', { watchNamespaces: ['a', 'a'] }, /watchNamespaces.*equal/is],
    ['an account without a name', { serviceAccount: { create: false } }, /give the name of one that exists/],
    ['a flag without dashes', { extraArgs: ['verbose'] }, /extraArgs.0.*pattern.*--/is],
    [
      'a budget of none',
      { podDisruptionBudget: { maxUnavailable: 0 } },
      /podDisruptionBudget.maxUnavailable/,
    ],
  ];
  for (const [what, values, says] of refusals)
    it(`refuses ${what}`, async () => {
      const { status, stderr } = await template(values);
      assert.notEqual(status, 0);
      assert.match(stderr, says);
    });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly description?: string;
}

function pathsOfSchema({ properties = {} }: Schema, at = ''): readonly string[] {
  return Object.entries(properties).flatMap(([name, schema]) =>
    schema.properties ? pathsOfSchema(schema, `${at}${name}.`) : [`${at}${name}`],
  );
}

/** As far as the schema names what is inside. */
function pathsOfValues(values: Values, { properties = {} }: Schema, at = ''): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const schema = properties[name];
    return schema?.properties ? pathsOfValues(value as Values, schema, `${at}${name}.`) : [`${at}${name}`];
  });
}
