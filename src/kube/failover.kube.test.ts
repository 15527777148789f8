// Three processes want to lead. One is killed, one is stopped for longer than its lease and woken: what they wrote, and
// when, is in the API server's audit log.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Write } from '../../test/kube/audit.ts';
import { aNamespace } from '../../test/kube/world.ts';
import { realCluster } from './cluster.fixture.ts';

const cluster = realCluster();
const program = new URL('leader-process.fixture.ts', import.meta.url).pathname;
const living = new Set<ChildProcess>();
after(() => {
  for (const child of living) child.kill('SIGKILL');
});

interface Candidate {
  readonly child: ChildProcess;
  /** Resolves once it has said so. */
  said(text: string): Promise<void>;
  readonly ended: Promise<unknown>;
}

function start(namespace: string, name: string): Candidate {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, cluster.kubeconfig, namespace, name],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  living.add(child);
  let text = '';
  const hears = new Set<() => void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    for (const hear of hears) hear();
  });
  const ended = once(child, 'exit').finally(() => living.delete(child));
  return {
    child,
    ended,
    said: (what) =>
      new Promise((resolve) => {
        const hear = (): void => {
          if (text.includes(what)) resolve();
        };
        hears.add(hear);
        hear();
      }),
  };
}

/** Of one candidate, the Lease and what was refused included; milliseconds since 1970. */
const writesOf = (writes: readonly Write[], name: string): readonly number[] =>
  writes.filter(({ userAgent }) => userAgent === `${name}/1`).map(({ at }) => Date.parse(at));

it('kill -9: another leads in less than 20 s; stopped and woken past its lease: it writes nothing', async (t) => {
  const namespace = await aNamespace(cluster.admin);
  await cluster.admin.create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'work' } });
  const audit = await cluster.audit();
  const all: Write[] = [];
  const written = async (): Promise<readonly Write[]> => {
    all.push(...(await audit.writes({ namespace })));
    return all;
  };
  const work = async (name: string): Promise<readonly number[]> =>
    writesOf(
      (await written()).filter(({ resource }) => resource === 'configmaps'),
      name,
    );

  const first = start(namespace, 'first');
  await first.said('leading');
  const second = start(namespace, 'second');
  await sleep(3_000);
  assert.ok((await work('first')).length > 10);
  assert.deepEqual(await work('second'), []);

  first.child.kill('SIGKILL');
  const killed = Date.now();
  await second.said('leading');
  await sleep(500);
  const [begun = 0] = await work('second');
  const failover = (begun - killed) / 1_000;
  t.diagnostic(`kill -9 to the first write of the next leader: ${failover.toFixed(1)} s`);
  assert.ok(failover > 5 && failover < 20, `${failover} s`);

  const third = start(namespace, 'third');
  await sleep(3_000);
  second.child.kill('SIGSTOP');
  const paused = Date.now();
  await third.said('leading');
  await sleep(500);
  const [taken = 0] = await work('third');
  t.diagnostic(`SIGSTOP to the first write of the next leader: ${((taken - paused) / 1_000).toFixed(1)} s`);
  assert.ok(taken - paused < 20_000);
  const woken = Date.now();
  second.child.kill('SIGCONT');
  const [code] = (await second.ended) as [number | null];
  assert.equal(code, 0);
  await second.said('end lost');
  await sleep(1_000);
  const late = writesOf(await written(), 'second').filter((at) => at >= Math.min(taken, woken));
  assert.deepEqual(late, [], 'it wrote after it had lost the lease');
  // The others did: the log is not silent.
  assert.ok((await work('third')).some((at) => at > woken));

  third.child.kill('SIGTERM');
  await third.ended;
  const lease = await cluster.admin.get<{ spec: { holderIdentity: string; leaseTransitions: number } }>(
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/the-lease`,
  );
  assert.deepEqual([lease.spec.holderIdentity, lease.spec.leaseTransitions], ['', 2]);
});
