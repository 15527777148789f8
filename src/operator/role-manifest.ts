// The manifest as each role reads it, in the pipeline's ConfigMap, and the part of it that the role's work depends on. It
// has no more than what a person declared, so that images of other versions read it too.

import { type PipelineSpec, pipelineSchema } from '../api/pipeline.ts';
import { childSchema } from '../api/schema-walk.ts';
import type { Declared } from './declared.ts';
import { type Component, childName } from './names.ts';
import { gethPorts } from './ports.ts';
import { pruneDefaults } from './prune-defaults.ts';

export type RoleComponent = Exclude<Component, 'geth'>;
export const roleComponents = [
  'web',
  'streamer',
  'recorder',
  'processor',
  'processor-spark',
] as const satisfies readonly RoleComponent[];

type Tree = Readonly<Record<string, unknown>>;
type Processors = PipelineSpec['processors'];

/** What the operator alone reads. */
const operatorsOwn = [
  ['version'],
  ['paused'],
  ['stopped'],
  ['deletionPolicy'],
  ['recorder'],
  ['processing'],
  ['web', 'replicas'],
  ['chain', 'ethereum', 'nodes'],
] as const;

/** What a role reads and does not use: a change of it does not roll it. */
const unused: Readonly<Record<RoleComponent, readonly (readonly string[])[]>> = {
  web: [['chain', 'ethereum', 'endpoints']],
  streamer: [['processors'], ['results'], ['web']],
  recorder: [
    ['processors'],
    ['results'],
    ['web'],
    ['chain', 'ethereum', 'endpoints'],
    ['chain', 'ethereum', 'start'],
    ['chain', 'ethereum', 'finality'],
  ],
  processor: [['web'], ['chain', 'ethereum', 'endpoints'], ['chain', 'ethereum', 'finality']],
  'processor-spark': [['web'], ['chain', 'ethereum', 'endpoints'], ['chain', 'ethereum', 'finality']],
};

/** Processors that run in pods of this component; web shows them all. */
export function processorsOf(spec: PipelineSpec, component: RoleComponent): Processors {
  if (component === 'processor') return spec.processors.filter(({ engine }) => engine !== 'spark');
  if (component === 'processor-spark') return spec.processors.filter(({ engine }) => engine === 'spark');
  return component === 'web' ? spec.processors : [];
}

/** The nodes that the operator runs, one by one: the streamer chooses among them as among any others. */
function nodeEndpoints({ name, spec }: Declared): readonly { readonly url: string }[] {
  const geth = childName(name, 'geth');
  const { replicas = 0 } = spec.chain.ethereum.nodes ?? {};
  return Array.from({ length: replicas }, (_, index) => `${geth}-${index}.${geth}`).flatMap((host) => [
    { url: `ws://${host}:${gethPorts.ws}` },
    { url: `http://${host}:${gethPorts.http}` },
  ]);
}

export function roleManifest(declared: Declared, component: RoleComponent): Tree {
  const { name, pipeline, spec } = declared;
  const { ethereum } = spec.chain;
  const schema = childSchema(pipelineSchema, 'spec');
  if (!schema) throw new TypeError('a Pipeline has no spec');
  const written = pruneDefaults(schema, {
    ...spec,
    chain: { ethereum: { ...ethereum, endpoints: [...ethereum.endpoints, ...nodeEndpoints(declared)] } },
    processors: processorsOf(spec, component),
  }) as Tree;
  const { apiVersion, kind } = pipeline;
  return { apiVersion, kind, metadata: { name }, spec: without(written, operatorsOwn) };
}

/** Of the manifest, what rolls the role's pods when it changes. */
export function manifestInputs(declared: Declared, component: RoleComponent): Tree {
  const inputs = without(roleManifest(declared, component).spec as Tree, unused[component]);
  if (component !== 'web') return inputs;
  // The pages name processors, and run none.
  const processors = declared.spec.processors.map(({ sql: _, engine: _e, ...shown }) => shown);
  return { ...inputs, processors };
}

/** An object that is left empty goes too. */
function without(tree: Tree, paths: readonly (readonly string[])[]): Tree {
  return paths.reduce((rest, path) => withoutOne(rest, path), tree);
}

function withoutOne(tree: Tree, [field, ...deeper]: readonly string[]): Tree {
  const { [field ?? '']: child, ...rest } = tree;
  if (child === undefined || field === undefined || deeper.length === 0) return rest;
  const less = withoutOne(child as Tree, deeper);
  return Object.keys(less).length === 0 ? rest : { ...tree, [field]: less };
}
