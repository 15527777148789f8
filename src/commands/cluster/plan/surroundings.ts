// What a plan needs to know beside the Pipeline: whether it may be read at all, and which image the operator runs.

import { isApiError } from '../../../kube/api-error.ts';
import type { KubeClient } from '../../../kube/client-port.ts';
import { kinds } from '../../../operator/kinds.ts';

/** A plan that did not see everything would be wrong. @throws ApiError forbidden that names what may not be read */
export async function readable(client: KubeClient, namespace: string, signal: AbortSignal): Promise<void> {
  for (const kind of Object.values(kinds))
    await client
      .pages(kind, { namespace, metadataOnly: true, pageSize: 1, signal })
      [Symbol.asyncIterator]()
      .next();
}

export interface OperatorImage {
  readonly own: string | undefined;
  readonly ownVersion: string | undefined;
  readonly notes: readonly string[];
}

/** As its Deployment has it. */
export async function operatorImage(client: KubeClient, signal: AbortSignal): Promise<OperatorImage> {
  const unseen = (why: string): OperatorImage => ({
    own: undefined,
    ownVersion: undefined,
    notes: [`${why}: new pods are planned with an image named millrace`],
  });
  try {
    const labelSelector = 'app.kubernetes.io/name=millrace,app.kubernetes.io/component=operator';
    const { items } = await client.list(kinds.deployment, { labelSelector, signal });
    const [operator] = items;
    if (!operator) return unseen('no operator was found on this cluster');
    const { template } = operator.spec as {
      readonly template: { readonly spec: { readonly containers: readonly { readonly image?: string }[] } };
    };
    const own = template.spec.containers[0]?.image;
    return { own, ownVersion: operator.metadata.labels?.['app.kubernetes.io/version'], notes: [] };
  } catch (error) {
    if (!isApiError(error, 'forbidden')) throw error;
    return unseen('you may not see the operator’s Deployment');
  }
}
