// What an account may do, as the API server sees it, in one flat set of words.

import type { Api } from '../kube/api.ts';

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** `apps/deployments get`; of one object: `/secrets get mine`. */
export function rightsOf(rules: readonly Rule[]): ReadonlySet<string> {
  return new Set(
    rules.flatMap(({ apiGroups = [], resources = [], resourceNames = [''], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) => resourceNames.map((name) => `${group}/${resource} ${verb} ${name}`.trim())),
        ),
      ),
    ),
  );
}

/** In a namespace, for whoever asks; what every account may do is left out. */
export async function rightsIn(api: Api, namespace: string): Promise<ReadonlySet<string>> {
  const review = await api.create<{ readonly status: { readonly resourceRules: readonly Rule[] } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } },
  );
  const all = rightsOf(review.status.resourceRules);
  return new Set(
    [...all].filter((right) => !/^auth(orization|entication)\.k8s\.io\/selfsubject/.test(right)),
  );
}

/** `namespace` empty: in the whole cluster. */
export async function may(api: Api, right: string, namespace: string): Promise<boolean> {
  const [, group = '', resource = '', subresource = '', verb = '', name = ''] =
    /^([^/]*)\/([^ /]+)(?:\/(\S+))? (\S+) ?(.*)$/.exec(right) ?? [];
  const resourceAttributes = { namespace, group, resource, subresource, verb, name };
  const review = await api.create<{ readonly status: { readonly allowed: boolean } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
  );
  return review.status.allowed;
}
