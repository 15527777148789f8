// The controller of Pipelines: whose change wakes which Pipeline, and who does the work.

import type { CacheChange } from '../../../kube/cache-port.ts';
import { type Controller, type ControllerDeps, createController } from '../../../kube/controller.ts';
import type { Source } from '../../../kube/controller-port.ts';
import { keyOf, keyText } from '../../../kube/object.ts';
import { pipelineOf } from '../../names.ts';
import { createReconcile, type PipelineDeps } from './reconcile.ts';
import { bySecret, childCaches, type World } from './world.ts';

export interface PipelineControllerOptions extends PipelineDeps {
  /** Also the metric label. */
  readonly name: string;
}

export function createPipelineController(
  { name, ...deps }: PipelineControllerOptions,
  runtime: ControllerDeps,
): Controller {
  const reconcile = createReconcile(deps);
  return createController(
    { name, sources: sourcesOf(deps.world), reconcile: (key, { signal }) => reconcile(key, signal) },
    runtime,
  );
}

function sourcesOf(world: World): readonly Source[] {
  const { pipelines, secrets, pods, claims } = world;
  const children = new Set([...childCaches(world), pods, claims]);
  return [
    { cache: pipelines, keys: ({ object }) => [keyText(keyOf(object))] },
    ...[...children].filter((cache) => cache !== secrets).map((cache) => ({ cache, keys: ownerKeys })),
    {
      cache: secrets,
      keys: (change) => [
        ...ownerKeys(change),
        ...pipelines.by(bySecret, keyText(keyOf(change.object))).map((object) => keyText(keyOf(object))),
      ],
    },
  ];
}

const ownerKeys = ({ object }: CacheChange): readonly string[] => {
  const name = pipelineOf(object.metadata);
  const { namespace } = object.metadata;
  if (name === undefined || namespace === undefined) return [];
  return [keyText({ namespace, name })];
};
