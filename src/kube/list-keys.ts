// How server-side apply merges the lists and maps of Kubernetes' own kinds (the `x-kubernetes-list-type` and `-map-type` of
// their schemas): by key, as a set, or as one value. Lists that are not named here are one value, as in a schema that
// says nothing.

/** By the name of the field that holds the list; the first keys that all items have are meant. */
const mapLists: Readonly<Record<string, readonly (readonly string[])[]>> = {
  containers: [['name']],
  initContainers: [['name']],
  ephemeralContainers: [['name']],
  volumes: [['name']],
  env: [['name']],
  imagePullSecrets: [['name']],
  secrets: [['name']],
  resourceClaims: [['name']],
  schedulingGates: [['name']],
  volumeMounts: [['mountPath']],
  volumeDevices: [['devicePath']],
  hostAliases: [['ip']],
  ports: [
    ['containerPort', 'protocol'],
    ['port', 'protocol'],
  ],
  topologySpreadConstraints: [['topologyKey', 'whenUnsatisfiable']],
  conditions: [['type']],
  ownerReferences: [['uid']],
};

const sets = new Set(['finalizers']);

/** Selectors and references change as a whole: a field that somebody adds to one changes what it means. */
const wholeMaps = new Set([
  'selector',
  'podSelector',
  'namespaceSelector',
  'labelSelector',
  'nodeSelector',
  'secretKeyRef',
  'configMapKeyRef',
  'fieldRef',
  'resourceFieldRef',
]);

export type ListMerge = readonly string[] | 'set' | 'whole';

export function listMergeOf(field: string, items: readonly unknown[]): ListMerge {
  if (sets.has(field)) return 'set';
  const has = (item: unknown, key: string) => typeof item === 'object' && item !== null && key in item;
  return (
    mapLists[field]?.find((keys) => items.every((item) => keys.every((key) => has(item, key)))) ?? 'whole'
  );
}

export const isWholeMap = (field: string): boolean => wholeMaps.has(field);

/** The server fills these items in, and lets nobody change them afterwards. */
export const isImmutableList = (field: string): boolean => field === 'volumeClaimTemplates';
