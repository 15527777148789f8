// Making objects be as they are declared. An implementation writes, or only says what it would write.

import { ApiError } from './api-error.ts';
import {
  type KubeObject,
  keyOf,
  keyText,
  type LiveObject,
  type ObjectKey,
  type OwnerReference,
  type ResourceKind,
} from './object.ts';

/** Deleted with its children; only its own children are touched. */
export type Owner = Pick<OwnerReference, 'apiVersion' | 'kind' | 'name' | 'uid'>;

export interface EnsureOptions {
  readonly owner?: Owner;
  /** May an object that has another owner, or none, become ours? Default: never. */
  readonly adopt?: (live: LiveObject) => boolean;
  readonly signal?: AbortSignal;
}

export interface RemoveOptions {
  readonly owner?: Owner;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly signal?: AbortSignal;
}

export interface Applier {
  /**
   * The object is as `desired` says afterwards; others' fields stay. Nothing is written when it is so already.
   * @throws ForeignObject, ApiError; `conflict` while the object is being deleted
   */
  ensure(
    kind: ResourceKind,
    desired: KubeObject,
    options?: EnsureOptions,
  ): Promise<'unchanged' | 'applied' | 'created'>;
  /** `gone` only once the server says so; `foreign`: something of that name is there, not ours, and stays. */
  remove(
    kind: ResourceKind,
    key: ObjectKey,
    options?: RemoveOptions,
  ): Promise<'gone' | 'deleting' | 'foreign'>;
}

/** An object of that name is there, and somebody else's: it is not touched. */
export class ForeignObject extends ApiError {
  /** `Service shop/web`. */
  readonly object: string;
  /** Who has it, in words. */
  readonly holder: string;

  constructor(live: LiveObject) {
    const object = `${live.kind} ${keyText(keyOf(live))}`;
    const holder = holderOf(live);
    super('conflict', `${object} exists and is not ours (${holder}); it is left as it is`);
    this.name = 'ForeignObject';
    this.object = object;
    this.holder = holder;
  }
}

const controllerOf = ({ metadata }: LiveObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

function holderOf(live: LiveObject): string {
  const owner = controllerOf(live);
  if (owner) return `it belongs to ${owner.kind} ${owner.name}, uid ${owner.uid}`;
  const made = live.metadata.labels?.['app.kubernetes.io/managed-by'];
  return made === undefined ? 'it has no owner' : `it is managed by ${made}`;
}

/** With an owner: it controls the object. Without: the object carries our mark. */
export function isOurs(live: LiveObject, owner: Owner | undefined, mark: string): boolean {
  const controller = controllerOf(live);
  if (owner) return controller?.uid === owner.uid;
  return controller === undefined && live.metadata.annotations?.[mark] !== undefined;
}

/** As it is applied: with its owner, and marked with the hash of just that. */
export function withOwner(desired: KubeObject, owner: Owner | undefined): KubeObject {
  if (!owner) return desired;
  const { apiVersion, kind, name, uid } = owner;
  const reference = { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
  const { metadata } = desired;
  const others = metadata.ownerReferences ?? [];
  return { ...desired, metadata: { ...metadata, ownerReferences: [...others, reference] } };
}

/** With one more annotation, and with preconditions when it is there already. */
export function marked(object: KubeObject, mark: string, hash: string, live?: LiveObject): KubeObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(live && { uid: live.metadata.uid, resourceVersion: live.metadata.resourceVersion }),
      annotations: { ...metadata.annotations, [mark]: hash },
    },
  };
}
