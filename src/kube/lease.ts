// The Lease that says who leads, as an object: what it says, and what is written to take, keep and give it back.

import { microTime } from './micro-time.ts';
import type { KubeObject, LiveObject, ObjectKey, ResourceKind } from './object.ts';

export const leaseKind: ResourceKind = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface LeaseRecord {
  /** Empty: nobody's. */
  readonly holder: string;
  /** After the last change, ms; undefined when it does not say. */
  readonly durationMs: number | undefined;
  /** Differs whenever the holder, or the holder's word, does; not when a label is changed. */
  readonly version: string;
}

export function recordOf(lease: LiveObject): LeaseRecord {
  const spec = specOf(lease);
  const { holderIdentity: holder = '', leaseDurationSeconds: seconds = 0 } = spec;
  return { holder, durationMs: seconds > 0 ? seconds * 1_000 : undefined, version: JSON.stringify(spec) };
}

/** `before` renewed by its holder, or taken by a new one. What else its spec holds stays. */
export function heldBy(
  identity: string,
  before: LiveObject | undefined,
  at: { readonly key: ObjectKey; readonly nowMs: number; readonly durationMs: number },
): KubeObject {
  const spec = before ? specOf(before) : undefined;
  const time = microTime(at.nowMs);
  const renewed = spec?.holderIdentity === identity;
  return leaseWith(before, at.key, {
    ...spec,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(at.durationMs / 1_000),
    acquireTime: renewed ? (spec?.acquireTime ?? time) : time,
    renewTime: time,
    leaseTransitions: (spec?.leaseTransitions ?? 0) + (spec && !renewed ? 1 : 0),
  });
}

/** Nobody's: whoever looks next may take it. */
export function released(
  before: LiveObject,
  at: { readonly key: ObjectKey; readonly nowMs: number },
): KubeObject {
  const time = microTime(at.nowMs);
  const free = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time };
  return leaseWith(before, at.key, { ...specOf(before), ...free });
}

const specOf = (lease: LiveObject): LeaseSpec => (lease.spec as LeaseSpec | undefined) ?? {};

function leaseWith(before: LiveObject | undefined, key: ObjectKey, spec: LeaseSpec): KubeObject {
  const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  return before
    ? { ...before, ...kind, spec: { ...spec } }
    : { ...kind, metadata: { ...key }, spec: { ...spec } };
}
