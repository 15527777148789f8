// From a Pipeline as it was read to what its children are built of. The version of its roles is fixed when it is first seen.

import type { Pipeline } from '../../../api/pipeline.ts';
import type { LiveObject } from '../../../kube/object.ts';
import type { Declared } from '../../declared.ts';
import { type ImageSettings, imagesOf } from '../../images.ts';
import { kinds } from '../../kinds.ts';
import { annotations } from '../../names.ts';
import { configMapName } from '../../resources/config-map.ts';
import { statusOf } from './status.ts';
import type { World } from './world.ts';

export function declare(
  live: LiveObject,
  pipeline: Pipeline,
  world: World,
  settings: ImageSettings,
): Declared {
  const { name, namespace = '', uid, generation = 0 } = live.metadata;
  const { spec } = pipeline;
  const version = spec.version ?? statusOf(live).version ?? versionBeside(live, world) ?? settings.ownVersion;
  return {
    ...{ name, namespace, generation, pipeline, spec, version },
    owner: { apiVersion: live.apiVersion, kind: live.kind, name, uid },
    images: imagesOf(settings, version),
    rotate: live.metadata.annotations?.[annotations.rotate],
  };
}

/** Should the status have been lost. */
function versionBeside({ metadata }: LiveObject, { others }: World): string | undefined {
  const { name, namespace = '', uid } = metadata;
  const manifest = others
    .find(({ kind }) => kind === kinds.configMap)
    ?.get({ namespace, name: configMapName(name) });
  const ours = manifest?.metadata.ownerReferences?.some((owner) => owner.uid === uid);
  return ours ? manifest?.metadata.annotations?.[annotations.version] : undefined;
}
