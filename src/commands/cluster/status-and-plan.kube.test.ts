import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dump } from 'js-yaml';
import { startMillrace } from '../../../test/millrace-process.ts';
import { createPipeline, makeSecrets, pipelinePath, specOf } from '../../operator/operator.fixture.ts';
import { aBench } from './commands.fixture.ts';

const bench = aBench();

/** Of everything in the namespace but what Kubernetes puts there; the autoscaler writes its own status all the time. */
async function versions(): Promise<readonly string[]> {
  const places = [
    pipelinePath(bench.space),
    ...['deployments', 'statefulsets'].map((plural) => `/apis/apps/v1/namespaces/${bench.space}/${plural}`),
    ...['services', 'configmaps', 'secrets', 'serviceaccounts'].map(
      (plural) => `/api/v1/namespaces/${bench.space}/${plural}`,
    ),
    `/apis/networking.k8s.io/v1/namespaces/${bench.space}/networkpolicies`,
    `/apis/policy/v1/namespaces/${bench.space}/poddisruptionbudgets`,
  ];
  const lists = await Promise.all(places.map((path) => bench.admin.list(path)));
  const own = lists.flat().filter(({ metadata }) => !['kube-root-ca.crt', 'default'].includes(metadata.name));
  return own.map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`);
}

describe('millrace status', () => {
  it('a line for each Pipeline, with what is wrong below; one alone; JSON', async (t) => {
    await createPipeline(bench.admin, bench.space, 'chain');
    await bench.start();
    await bench.is('Ready', { reason: 'SecretNotFound' });
    const list = await bench.millrace(t, ['status']);
    assert.match(
      list.stdout,
      /^NAME +READY +HEAD +BEHIND +PODS +AGE\nchain +no: SecretNotFound .*\n +\S+ names Secret kafka/,
    );
    await makeSecrets(bench.admin, bench.space);
    await bench.is('Ready', { status: 'True' });
    const wide = await bench.millrace(t, ['status', '-o', 'wide']);
    assert.match(
      wide.stdout,
      /^NAME .*STREAMER +RECORDERS +PROCESSORS +WEB +VERSION +AGE\nchain +yes .* 1\/1 +2\/2 +2\/2 +\d\/\d +0\.3\.0 /,
    );
    const one = await bench.millrace(t, ['status', 'chain']);
    assert.match(one.stdout, /^chain {2}in \S+ {2}ready {2}for/);
    const json = JSON.parse((await bench.millrace(t, ['status', '-o', 'json'])).stdout);
    assert.deepEqual(
      [json.length, json[0].name, json[0].state, json[0].version],
      [1, 'chain', 'ready', '0.3.0'],
    );
  });

  it('says in one line what is wrong with the way to the cluster', async (t) => {
    const gone = await startMillrace(t, ['status', '--kubeconfig', '/nowhere']).ended;
    assert.deepEqual([gone.code, gone.stderr.split(':')[1]], [2, ' KubeconfigInvalid']);
    const file = join(bench.folder, 'closed');
    writeFileSync(
      file,
      dump({
        clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'a', user: { token: 'x' } }],
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
        'current-context': 'a',
      }),
    );
    const closed = await startMillrace(t, ['status', '--kubeconfig', file]).ended;
    assert.equal(closed.code, 3);
    assert.match(
      closed.stderr,
      /^millrace: ClusterUnreachable: the API server https:\/\/127\.0\.0\.1:1 does not answer/,
    );
  });
});

describe('millrace plan', () => {
  it('of what is there already: nothing; of what is not: all of it; and nothing is written', async (t) => {
    await makeSecrets(bench.admin, bench.space);
    const empty = await versions();
    const first = await bench.millrace(t, ['plan', '-f', bench.manifest()]);
    assert.equal(first.code, 0);
    assert.deepEqual(await versions(), empty);
    for (const made of [
      'Pipeline',
      'Deployment',
      'Service',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'ConfigMap',
    ])
      assert.match(first.stdout, new RegExp(`^\\+ ${made} ${bench.space}/chain`, 'm'));
    assert.match(first.stdout, /\d+ to create, 0 to change, 0 to delete\. Nothing was written\.\n$/);

    await createPipeline(bench.admin, bench.space, 'chain');
    await bench.start();
    await bench.is('Ready', { status: 'True' });
    const before = await versions();
    assert.equal(
      (await bench.millrace(t, ['plan', '-f', bench.manifest()])).stdout,
      'Nothing would change.\n',
    );
    await bench.millrace(t, ['plan', '-f', bench.manifest({ version: '0.4.0' })]);
    assert.deepEqual(await versions(), before);
  });

  it('of a change: each field, what it comes to, and whose pods are replaced', async (t) => {
    await bench.running();
    const { stdout, code } = await bench.millrace(t, [
      'plan',
      '-f',
      bench.manifest({ version: '0.4.0', processors: [], recorder: { replicas: { max: 9 } } }),
    ]);
    assert.equal(code, 0);
    assert.match(stdout, /~ Pipeline \S+\n/);
    assert.match(stdout, / spec\.recorder\.replicas\.max: 6 → 9\n/);
    assert.match(stdout, / spec\.version: 0\.4\.0 \(new\)\n/);
    assert.match(
      stdout,
      /~ Deployment \S+chain-recorder {2}\(its pods are replaced\)\n +\S+\.image: registry\.test\/millrace:0\.3\.0 → millrace:0\.4\.0/,
    );
    assert.match(stdout, /- Deployment \S+chain-processor\n/);
  });

  it('of what the rules refuse: the server’s own sentence', async (t) => {
    await bench.running();
    const { metadata } = await bench.admin.get(pipelinePath(bench.space, 'chain'));
    await bench.admin.merge(`${pipelinePath(bench.space, 'chain')}/status`, {
      status: { head: 7, finalized: 5 },
    });
    const { code, stderr } = await bench.millrace(t, [
      'plan',
      '-f',
      bench.manifest({ topics: { ...(specOf().topics as object), partitions: 12 } }),
    ]);
    assert.notEqual(code, 0);
    assert.match(stderr, /ClusterRefused: .*partitions/);
    assert.equal(
      (await bench.admin.get(pipelinePath(bench.space, 'chain'))).metadata.generation,
      metadata.generation,
    );
  });
});
