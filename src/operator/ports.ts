// Where each pod listens.

import type { RoleComponent } from './role-manifest.ts';

/** /healthz, /readyz and /metrics of the roles; web has the pages and the API there too. */
export const rolePorts: Readonly<Record<RoleComponent, number>> = {
  web: 4680,
  streamer: 4681,
  recorder: 4682,
  processor: 4683,
  'processor-spark': 4683,
};

export const gethPorts = { http: 8545, ws: 8546 } as const;
/** Between geth and its consensus client, inside the pod. */
export const enginePort = 8551;
/** Of peers, by TCP and UDP. */
export const peerPorts = { geth: 30_303, consensus: 9_000 } as const;
export const consensusHttpPort = 5_052;
