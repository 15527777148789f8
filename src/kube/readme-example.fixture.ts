import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import { createLogger } from '../logger.ts';
import { createApplier } from './applier.ts';
import { openCache } from './cache.ts';
import { connectCluster } from './connect-cluster.ts';
import { createController } from './controller.ts';
import type { ReconcileContext, Source } from './controller-port.ts';
import { newIdentity, runElected, type Term } from './leader.ts';
import { keyFromText, keyOf, keyText } from './object.ts';

const kind = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
const configMap = { apiVersion: 'v1', kind: 'ConfigMap' };
const deps = { clock: systemClock, logger: createLogger() };

/** Keeps NAME-copy beside every ConfigMap NAME labelled `copied: yes`, while this process leads. */
export async function keepCopies(kubeconfig: string, namespace: string, signal: AbortSignal): Promise<void> {
  const cluster = connectCluster({ kubeconfig, userAgent: 'copier/1', ...deps });
  const forLease = connectCluster({ kubeconfig, userAgent: 'copier/1', ...deps });
  const seen = (labelSelector: string) =>
    openCache(cluster.client, { kind, namespace, labelSelector }, { signal, ...deps });
  const originals = seen('copied=yes');
  const copies = seen('copy=yes');
  const sources: Source[] = [
    { cache: originals, keys: ({ object }) => [keyText(keyOf(object))] },
    { cache: copies, keys: ({ object }) => [keyText(keyOf(object)).replace(/-copy$/, '')] },
  ];
  const onLead = async (term: Term) => {
    const client = cluster.fenced(term.fence);
    const marks = { fieldManager: 'copier', mark: 'example.com/applied' };
    const applier = createApplier({ client, caches: [copies], ...marks, ...deps });
    const reconcile = async (key: string, context: ReconcileContext) => {
      const original = originals.get(keyFromText(key));
      if (!original || original.metadata.deletionTimestamp) return undefined;
      const { name, uid } = original.metadata;
      const metadata = { namespace, name: `${name}-copy`, labels: { copy: 'yes' } };
      const owner = { ...configMap, name, uid };
      const copy = { ...configMap, metadata, data: original.data };
      await applier.ensure(kind, copy, { owner, signal: context.signal });
      return undefined;
    };
    await createController({ name: 'copier', sources, reconcile }, deps).run(term.signal);
  };
  const lease = { namespace, name: 'copier' };
  const identity = newIdentity(hostname());
  await runElected({ client: forLease.client, lease, identity, signal, onLead, ...deps });
  await Promise.all([cluster.close(), forLease.close()]);
}
