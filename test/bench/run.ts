// `make bench`: every stage on real servers beside its reference, in one run. `test/bench/run.ts kafka head` measures
// only those. MILLRACE_BENCH_TRANSACTIONS=1000000 sets how many; figures go to build/bench.json too.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../kube/cluster.ts';
import { startServers } from '../servers/cluster.ts';
import { benchCassandra } from './cassandra.ts';
import { type Figure, keepFigures, printFigures } from './figures.ts';
import { benchHead } from './head.ts';
import { benchKafka } from './kafka.ts';
import { benchOperator } from './operator.ts';
import { benchResults } from './results.ts';
import type { Bench, KubeBench } from './stage.ts';

type Needy =
  | { readonly needs: 'servers'; readonly measure: Bench }
  | { readonly needs: 'kube'; readonly measure: KubeBench };

const benches: Readonly<Record<string, Needy>> = {
  kafka: { needs: 'servers', measure: benchKafka },
  head: { needs: 'servers', measure: benchHead },
  cassandra: { needs: 'servers', measure: benchCassandra },
  results: { needs: 'servers', measure: benchResults },
  operator: { needs: 'kube', measure: benchOperator },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(
    `no such bench: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`,
  );
  process.exit(2);
}
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const transactions = Number(process.env.MILLRACE_BENCH_TRANSACTIONS ?? 200_000);
const figures: Figure[] = [];

/** Each stage on servers of its own: what one leaves behind does not slow the next. */
async function run({ needs, measure }: Needy, place: string): Promise<readonly Figure[]> {
  const started = { folder: join(place, 'servers'), say, detached: false };
  if (needs === 'kube') {
    const cluster = await startCluster(started);
    try {
      return await measure({ ...cluster, say });
    } finally {
      await cluster.stop();
    }
  }
  const servers = await startServers({ ...started, nodes: 1 });
  try {
    const { addresses, of } = servers;
    const brokers = (of.kafka ?? []).map(({ pid }) => pid());
    return await measure({ addresses, brokers, folder: place, transactions, say });
  } finally {
    await servers.stop();
  }
}

try {
  for (const name of asked.length > 0 ? asked : Object.keys(benches)) {
    const place = join(folder, name);
    mkdirSync(place);
    const bench = benches[name];
    if (bench) figures.push(...(await run(bench, place)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  keepFigures(figures, { transactions });
}
printFigures(figures);
if (figures.some(({ met }) => met === false)) process.exitCode = 1;
