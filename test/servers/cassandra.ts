// Cassandra: one node, or several as one data centre, each node a rack (a zone) of its own on a loopback address. One more
// that asks for a password, checks permissions and speaks TLS only, for the tests of these.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jarFolder } from './artefacts.ts';
import { makeCertificate } from './certificate.ts';
import type { Cluster, StartOptions } from './cluster.ts';
import { freePort, type ServerProcess, startServer } from './server-process.ts';

const here = new URL('cassandra/', import.meta.url).pathname;
const dataCentre = 'datacenter1';

export async function startCassandra(options: StartOptions): Promise<Cluster> {
  const { points, servers } = await startNodes(options, { heap: '512m' });
  return { addresses: { CASSANDRA: `cassandra://${points}/?datacenter=${dataCentre}` }, servers };
}

/** One node; its address has the superuser. The certificate is for `localhost`, not for its address. */
export async function startSecureCassandra(options: Omit<StartOptions, 'nodes'>): Promise<Cluster> {
  const certificate = join(options.folder, 'certificate');
  await makeCertificate(certificate, 'DNS:localhost');
  const { points, servers } = await startNodes({ ...options, nodes: 1 }, { heap: '320m', certificate });
  const login = 'cassandra:cassandra';
  const port = points.split(':').at(-1);
  const address = `cassandra://${login}@localhost:${port}/?datacenter=${dataCentre}&tls=true&ca=${join(certificate, 'ca.pem')}`;
  return { addresses: { CASSANDRA_SECURE: address }, servers };
}

async function startNodes(
  { folder, nodes, say, detached }: StartOptions,
  { heap, certificate }: { readonly heap: string; readonly certificate?: string },
): Promise<{ readonly points: string; readonly servers: readonly ServerProcess[] }> {
  const lib = await jarFolder('cassandra', say);
  const hosts = Array.from({ length: nodes }, (_, at) => `127.0.0.${at + 1}`);
  const [storage, native] = [await freePort(...hosts), await freePort(...hosts)];
  const seeds = hosts.map((host) => `${host}:${storage}`).join(',');

  const servers = await Promise.all(
    hosts.map(async (host, at) => {
      const place = join(folder, `cassandra-${at + 1}`);
      const conf = join(place, 'conf');
      mkdirSync(conf, { recursive: true });
      const settings = yaml({ place, host, seeds, storage, native });
      const guard = certificate === undefined ? open : secured(certificate);
      writeFileSync(join(conf, 'cassandra.yaml'), settings + guard);
      writeFileSync(join(conf, 'cassandra-rackdc.properties'), `dc=${dataCentre}\nrack=zone-${at + 1}\n`);
      writeFileSync(join(conf, 'logback.xml'), readFileSync(join(here, 'logback.xml')));
      const flags = {
        'cassandra.config': `file://${join(conf, 'cassandra.yaml')}`,
        'cassandra.storagedir': join(place, 'data'),
        'cassandra.jmx.local.port': await freePort('127.0.0.1'),
        'cassandra-foreground': 'yes',
        // All nodes are seeds and start empty: nothing to wait for.
        'cassandra.ring_delay_ms': 2_000,
        'cassandra.skip_wait_for_gossip_to_settle': 0,
        // The superuser is made at once, not after ten seconds.
        'cassandra.superuser_setup_delay_ms': 0,
      };
      return startServer(
        {
          name: `cassandra ${at + 1}`,
          command: 'java',
          args: [
            `@${join(here, 'jvm.options')}`,
            `-Xms${heap}`,
            `-Xmx${heap}`,
            `-javaagent:${lib}/jamm-0.4.0.jar`,
            ...Object.entries(flags).map(([name, value]) => `-D${name}=${value}`),
            '-cp',
            `${conf}:${lib}/*`,
            'org.apache.cassandra.service.CassandraDaemon',
          ],
          cwd: place,
          logFile: join(place, 'cassandra.log'),
          ready: /Starting listening for CQL clients/,
        },
        { detached },
      );
    }),
  );
  return { points: hosts.map((host) => `${host}:${native}`).join(','), servers };
}

const open = `authenticator: AllowAllAuthenticator
authorizer: AllowAllAuthorizer
`;

/** What was granted or taken away counts at once. */
function secured(certificate: string): string {
  return `authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
roles_validity: 0ms
permissions_validity: 0ms
credentials_validity: 0ms
client_encryption_options:
  enabled: true
  optional: false
  ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }
  keystore: ${join(certificate, 'server.pem')}
  truststore: ${join(certificate, 'ca.pem')}
`;
}

function yaml(node: {
  readonly place: string;
  readonly host: string;
  readonly seeds: string;
  readonly storage: number;
  readonly native: number;
}): string {
  const data = join(node.place, 'data');
  return `cluster_name: millrace
num_tokens: 4
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
role_manager: CassandraRoleManager
data_file_directories: [ ${data}/data ]
commitlog_directory: ${data}/commitlog
saved_caches_directory: ${data}/saved_caches
hints_directory: ${data}/hints
cdc_raw_directory: ${data}/cdc_raw
hinted_handoff_enabled: true
commitlog_sync: periodic
commitlog_sync_period: 10000ms
commitlog_segment_size: 16MiB
commitlog_total_space: 256MiB
memtable_heap_space: 96MiB
memtable_offheap_space: 96MiB
file_cache_size: 32MiB
key_cache_size: 8MiB
concurrent_reads: 8
concurrent_writes: 8
concurrent_counter_writes: 4
concurrent_compactors: 1
endpoint_snitch: GossipingPropertyFileSnitch
dynamic_snitch: false
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [ { seeds: "${node.seeds}" } ]
listen_address: ${node.host}
storage_port: ${node.storage}
start_native_transport: true
rpc_address: ${node.host}
native_transport_port: ${node.native}
auto_snapshot: false
disk_failure_policy: stop
commit_failure_policy: stop
storage_compatibility_mode: NONE
`;
}
