// The operator on a real API server: how soon a pipeline stands, a hundred beside a bare client, and what many cost while
// nothing happens. MILLRACE_BENCH_PIPELINES=20 measures with fewer than 500.

import { setTimeout as sleep } from 'node:timers/promises';
import { installCrd, pipelinePath } from '../../src/operator/operator.fixture.ts';
import { connect } from '../kube/api.ts';
import type { Write } from '../kube/audit.ts';
import { type Figure, figure } from './figures.ts';
import { writeBare } from './operator-bare.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { type BenchWorld, isMade, openBenchWorld, pipelineOf, timeOf } from './operator-world.ts';
import { type KubeStage, quantile } from './stage.ts';

const most = Number(process.env.MILLRACE_BENCH_PIPELINES ?? 500);
const runs = Math.min(20, most);
const atOnce = Math.min(100, most);
const idleMs = Number(process.env.MILLRACE_BENCH_IDLE_MS ?? 120_000);
const edits = 200;
const editEveryMs = 100;

const names = (count: number, prefix = 'p'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

export async function benchOperator({ kubeconfig, auditLog, say }: KubeStage): Promise<readonly Figure[]> {
  const admin = connect(kubeconfig, 'bench');
  const operators: OperatorProcess[] = [];
  const start = async (name: string): Promise<OperatorProcess> => {
    const one = startOperatorProcess({ kubeconfig, name });
    operators.push(one);
    await one.ready();
    return one;
  };
  try {
    await installCrd(admin);
    const world = await openBenchWorld(admin, auditLog);
    const warm = await start('warm');
    const figures = [...(await createOne(world, say))];
    const many = await createMany(world, warm, say);
    await warm.stop();
    figures.push(...(await beside(world, many, say)));
    const first = await start('first');
    const namespace = await fill(world, say);
    figures.push(...(await rest(world, first, say)));
    figures.push(...(await events(world, namespace, say)));
    const second = await start('second');
    figures.push(...(await failover(world, first, namespace, say)));
    figures.push(mib('operator-rss: peak of one that started beside them', second.memory().peak));
    return figures;
  } finally {
    await Promise.all(operators.map((one) => one.stop()));
    await admin.close();
  }
}

type Say = (line: string) => void;

async function createOne(world: BenchWorld, say: Say): Promise<readonly Figure[]> {
  const namespace = await world.namespace();
  // The first one of all runs through cold code.
  await world.create(namespace, ['warm']);
  await world.allReady(namespace, 1);
  const waits: number[] = [];
  for (const name of names(runs)) {
    await world.allWrites();
    await world.create(namespace, [name]);
    await world.allReady(namespace, waits.length + 2);
    const all = await world.allWrites();
    const asked = all.find(({ resource, name: of }) => resource === 'pipelines' && of === name);
    const made = all.filter((write) => write.userAgent.startsWith('millrace-operator') && isMade(write));
    if (!asked || made.length === 0) throw new Error(`nobody wrote for ${name}`);
    waits.push(Math.max(...made.map(timeOf)) - timeOf(asked));
  }
  say(`${runs} pipelines, one after the other`);
  await remove(world, namespace);
  return [
    figure({ name: 'operator-create: p50', unit: 'ms', ours: quantile(waits, 0.5) }),
    figure({
      name: 'operator-create: p95',
      unit: 'ms',
      ours: quantile(waits, 0.95),
      goal: { of: 'ours', atMost: 1_000 },
    }),
  ];
}

interface Many {
  /** Until every pipeline is said to be ready, which is the last write of each; milliseconds. */
  readonly ms: number;
  readonly cpuMs: number;
  readonly writes: readonly Write[];
}

async function createMany(world: BenchWorld, operator: OperatorProcess, say: Say): Promise<Many> {
  const namespace = await world.namespace();
  await world.allWrites();
  const cpu = operator.cpu() ?? Number.NaN;
  const started = Date.now();
  await world.create(namespace, names(atOnce));
  await world.allReady(namespace, atOnce);
  const cpuMs = ((operator.cpu() ?? Number.NaN) - cpu) * 1_000;
  const all = (await world.operatorWrites()).filter((write) => write.namespace === namespace);
  const writes = all.filter(({ status }) => status < 400);
  const ms = Math.max(...writes.map(timeOf)) - started;
  const made = Math.max(...writes.filter(isMade).map(timeOf)) - started;
  say(
    `${atOnce} at once: ${writes.length} writes, ${all.length - writes.length} more refused; all children after ${made.toFixed(0)} ms, all Ready after ${ms.toFixed(0)} ms`,
  );
  await remove(world, namespace);
  return { ms, cpuMs, writes };
}

/** The bare client, without an operator that would see what it makes. */
async function beside(world: BenchWorld, { ms, cpuMs, writes }: Many, say: Say): Promise<readonly Figure[]> {
  const { admin } = world;
  const bare = async (waits: boolean): Promise<number> => {
    const namespace = await world.namespace();
    const found = await writeBare({ admin, writes, namespace, waits });
    say(
      `bare client${waits ? ', each stage once the one before is up' : ''}: ${found.writes} writes in ${found.ms.toFixed(0)} ms`,
    );
    await release(world, namespace);
    await remove(world, namespace);
    return found.ms;
  };
  const ordered = await bare(true);
  const unordered = await bare(false);
  return [
    figure({
      name: `operator-create-100: ${atOnce} at once`,
      unit: 'ms',
      ours: ms,
      reference: 'bare client, same writes in the same order',
      theirs: ordered,
      goal: { of: 'ratio', atMost: 1.3 },
    }),
    figure({
      name: 'operator-create-100: beside one that waits for no pod',
      unit: 'ms',
      ours: ms,
      reference: 'bare client, same writes',
      theirs: unordered,
    }),
    figure({ name: 'operator-create-100: CPU a pipeline', unit: 'ms', ours: cpuMs / atOnce }),
  ];
}

async function fill(world: BenchWorld, say: Say): Promise<string> {
  const namespace = await world.namespace();
  const began = performance.now();
  const all = names(most);
  while (all.length > 0) {
    // In portions: the cluster's own controllers have to keep up on the same cores.
    await world.create(namespace, (all as string[]).splice(0, 50));
    await world.allReady(namespace, most - all.length);
  }
  say(`${most} pipelines stand after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  return namespace;
}

const mib = (name: string, ours: number): Figure => figure({ name, unit: 'MiB', ours });

async function rest(world: BenchWorld, operator: OperatorProcess, say: Say): Promise<readonly Figure[]> {
  await quiet(world);
  say(`idle for ${idleMs / 1_000} s`);
  const resident: number[] = [];
  const cpu = operator.cpu() ?? Number.NaN;
  const deadline = performance.now() + idleMs;
  while (performance.now() < deadline) {
    resident.push(operator.memory().now);
    await sleep(1_000);
  }
  const share = ((operator.cpu() ?? Number.NaN) - cpu) / (idleMs / 1_000);
  const writes = await world.operatorWrites();
  const figuresOnly = writes.filter(({ resource }) => resource === 'pipelines/status');
  const others = writes.filter((write) => !figuresOnly.includes(write));
  for (const { verb, resource, name } of others.slice(0, 5))
    say(`idle, and yet: ${verb} ${resource} ${name}`);
  const perPipeline = Map.groupBy(figuresOnly, pipelineOf);
  const busiest = Math.max(0, ...[...perPipeline.values()].map(({ length }) => length));
  const minutes = Math.max(1, idleMs / 60_000);
  return [
    figure({
      name: `operator-rss: ${most} pipelines, the most while idle`,
      unit: 'MiB',
      ours: Math.max(...resident),
      goal: { of: 'ours', atMost: 200 },
    }),
    mib('operator-rss: peak since its start', operator.memory().peak),
    figure({ name: 'operator-rss: CPU while idle', unit: '% of a core', ours: share * 100 }),
    figure({
      name: 'operator-idle-writes: but status figures',
      unit: 'writes',
      ours: others.length,
      goal: { of: 'ours', atMost: 0 },
    }),
    figure({
      name: 'operator-idle-writes: status figures of the busiest pipeline',
      unit: 'a minute',
      ours: busiest / minutes,
      goal: { of: 'ours', atMost: 1 },
    }),
  ];
}

/** Until the operator has written nothing for ten seconds. */
async function quiet(world: BenchWorld): Promise<void> {
  const quietMs = 10_000;
  let since = performance.now();
  while (performance.now() - since < quietMs) {
    if ((await world.operatorWrites()).length > 0) since = performance.now();
    await sleep(1_000);
  }
}

/** From when the server has another's edit until it has the operator's answer: the event's way, the reconcile and two calls. */
async function events(world: BenchWorld, namespace: string, say: Say): Promise<readonly Figure[]> {
  await world.allWrites();
  for (let edit = 0; edit < edits; edit += 1) {
    await spoil(world, namespace, edit % most, String(edit));
    await sleep(editEveryMs);
  }
  await sleep(2_000);
  const open = new Map<string, number>();
  const waits: number[] = [];
  for (const write of await world.allWrites()) {
    if (write.resource !== 'configmaps' || write.namespace !== namespace) continue;
    const edited = open.get(write.name);
    if (write.userAgent === 'bench') open.set(write.name, timeOf(write));
    else if (edited !== undefined) {
      waits.push(timeOf(write) - edited);
      open.delete(write.name);
    }
  }
  say(`${edits} edits by another hand, ${waits.length} undone`);
  if (open.size > 0) throw new Error(`${open.size} edits were not undone`);
  return [
    figure({ name: 'operator-event: to the answer, p50', unit: 'ms', ours: quantile(waits, 0.5) }),
    figure({
      name: 'operator-event: to the answer, p99',
      unit: 'ms',
      ours: quantile(waits, 0.99),
      goal: { of: 'ours', atMost: 100 },
    }),
  ];
}

async function spoil(world: BenchWorld, namespace: string, index: number, data: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/p${index}-manifest`;
  await world.admin.merge(path, { data: { 'streamer.yaml': data } });
}

async function failover(
  world: BenchWorld,
  leader: OperatorProcess,
  namespace: string,
  say: Say,
): Promise<readonly Figure[]> {
  await world.allWrites();
  const killed = Date.now();
  await leader.kill();
  await spoil(world, namespace, 0, 'nobody leads');
  const deadline = performance.now() + 60_000;
  for (;;) {
    const [answer] = (await world.operatorWrites()).filter(({ resource }) => resource === 'configmaps');
    if (answer) {
      const seconds = (timeOf(answer) - killed) / 1_000;
      say(`another leads, and has worked, after ${seconds.toFixed(1)} s`);
      return [
        figure({
          name: 'operator-failover: kill -9 to the first work',
          unit: 's',
          ours: seconds,
          goal: { of: 'ours', atMost: 20 },
        }),
      ];
    }
    if (performance.now() > deadline) throw new Error('nobody leads after a minute');
    await sleep(100);
  }
}

/** Nobody is there who would take the finalizers away. */
async function release({ admin }: BenchWorld, namespace: string): Promise<void> {
  const all = await admin.list(pipelinePath(namespace));
  await Promise.all(
    all.map(({ metadata }) =>
      admin.merge(pipelinePath(namespace, metadata.name), { metadata: { finalizers: null } }),
    ),
  );
}

/** And waits until nothing of it is left, so that it is no load on what comes next. */
async function remove({ admin }: BenchWorld, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}`;
  await admin.remove(path);
  while ((await admin.request('GET', path)).status !== 404) await sleep(200);
}
