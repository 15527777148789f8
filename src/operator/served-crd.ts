// Is the definition of a kind that the API server serves the one this operator was built with? Asked at start: an older one
// drops fields in silence, and one edited by hand checks something else than the documentation says.

import { type Crd, crdName, crdOf, schemaAnnotation } from '../api/crd.ts';
import type { Kind } from '../api/kinds.ts';
import { MillraceError } from '../errors.ts';
import { isApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client-port.ts';
import { differences } from '../kube/differences.ts';
import type { LiveObject, ResourceKind } from '../kube/object.ts';

export const crdKind: ResourceKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

export type ServedCrd =
  | { readonly state: 'same' }
  /** Not there, or not served yet. */
  | { readonly state: 'missing' }
  /** Made by another version; `hash` is undefined when it was not made by Millrace. */
  | { readonly state: 'other'; readonly known: string; readonly hash: string | undefined }
  /** Made by this version, and changed since; `at` is the path of the first difference. */
  | { readonly state: 'edited'; readonly at: string }
  /** This account may not look. */
  | { readonly state: 'unreadable' };

/** @throws ApiError other than `forbidden` and `notFound` */
export async function readServedCrd(
  client: Pick<KubeClient, 'get'>,
  kind: Kind,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ServedCrd> {
  try {
    return compareCrd(crdOf(kind), await client.get(crdKind, { name: crdName(kind) }, options));
  } catch (error) {
    if (isApiError(error, 'forbidden')) return { state: 'unreadable' };
    throw error;
  }
}

export function compareCrd(known: Crd, live: LiveObject | undefined): ServedCrd {
  if (!live || !isEstablished(live)) return { state: 'missing' };
  const hash = live.metadata.annotations?.[schemaAnnotation];
  const ours = known.metadata.annotations[schemaAnnotation] ?? '';
  if (hash !== ours) return { state: 'other', known: ours, hash };
  const [first] = differences(said(known.spec), said(live.spec as Crd['spec']), true);
  return first === undefined ? { state: 'same' } : { state: 'edited', at: first.path };
}

/** What to tell a person; undefined when there is nothing to tell. */
export function servedCrdProblem(kind: Kind, served: ServedCrd): MillraceError | undefined {
  const crd = crdName(kind);
  switch (served.state) {
    case 'same':
    case 'unreadable':
      return undefined;
    case 'missing':
      return new MillraceError('CrdMissing', { crd });
    case 'other': {
      const problem = `is not the one of this operator (${schemaAnnotation} is ${served.hash ?? 'not set'}, not ${served.known})`;
      return new MillraceError('CrdDiffers', { crd, problem });
    }
    case 'edited':
      return new MillraceError('CrdDiffers', { crd, problem: `was changed by hand at ${served.at}` });
  }
}

function isEstablished({ status }: LiveObject): boolean {
  const { conditions = [] } = (status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
  return conditions.some((each) => each.type === 'Established' && each.status === 'True');
}

/** What a definition says of its one version; the server adds only beside this. */
function said(spec: Crd['spec']) {
  const { group, scope, names, versions } = spec;
  return { group, scope, names, version: versions?.[0], versions: versions?.length };
}
