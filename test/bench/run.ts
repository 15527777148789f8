// `make bench`: every stage on real servers beside its reference, in one run. `test/bench/run.ts kafka head` measures
// only those. MILLRACE_BENCH_TRANSACTIONS=1000000 sets how many; figures go to build/bench.json too.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers } from '../servers/cluster.ts';
import { benchCassandra } from './cassandra.ts';
import { type Figure, keepFigures, printFigures } from './figures.ts';
import { benchHead } from './head.ts';
import { benchKafka } from './kafka.ts';
import { benchResults } from './results.ts';
import type { Bench } from './stage.ts';

const benches: Readonly<Record<string, Bench>> = {
  kafka: benchKafka,
  head: benchHead,
  cassandra: benchCassandra,
  results: benchResults,
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
try {
  for (const name of asked.length > 0 ? asked : Object.keys(benches)) {
    const place = join(folder, name);
    mkdirSync(place);
    // Each stage on servers of its own: what one leaves behind does not slow the next.
    const servers = await startServers({ folder: join(place, 'servers'), nodes: 1, say, detached: false });
    try {
      const { addresses, of } = servers;
      const brokers = (of.kafka ?? []).map(({ pid }) => pid());
      const found = await benches[name]?.({ addresses, brokers, folder: place, transactions, say });
      figures.push(...(found ?? []));
    } finally {
      await servers.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  keepFigures(figures, { transactions });
}
printFigures(figures);
if (figures.some(({ met }) => met === false)) process.exitCode = 1;
