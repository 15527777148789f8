// Processors as their users see them: rows of the open window while blocks come and go, final ones in their place, files,
// and windows computed again.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReplay } from '../../src/chain/replay/replay-node.ts';
import { dumpData } from '../dump-data.ts';
import { expectedResults, readRawChain } from '../expected-results.ts';
import {
  aFolder,
  aManifest,
  exampleProcessors,
  mainnetFiles,
  millrace,
  startMillrace,
} from '../millrace-process.ts';

interface Answer {
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly provisional: readonly string[];
}

const counting = {
  name: 'blocks-by-window',
  window: '1m',
  source: 'topic' as const,
  sql: 'SELECT count(*) AS blocks, max(number) AS newest, max(hash) AS last FROM blocks',
};

test('source: topic shows the open window as blocks arrive and are undone, and its final rows in the end', {
  timeout: 240_000,
}, async (t) => {
  const folder = aFolder(t);
  const node = await startReplay({
    files: mainnetFiles,
    head: { start: 17_686_124 },
    finalityDistance: 4,
    reorgs: [{ at: 17_686_128, depth: 3 }],
  });
  t.after(() => node.close());
  const data = join(folder, 'data');
  const manifest = aManifest(folder, { url: node.wsUrl, processors: [counting, ...exampleProcessors] });
  const run = startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0', '--until', '17686132']);
  const url = (await run.printed(/pages at (http\S+)\/"/))[1];
  const ask = async (query = ''): Promise<Response> =>
    fetch(`${url}/api/results/cluster/blocks_by_window${query}`);
  const answer = async (): Promise<Answer | undefined> => {
    const response = await ask();
    return response.ok ? ((await response.json()) as Answer) : undefined;
  };

  const heads = new Set<number>();
  while (node.head() < node.chain.last) {
    for (;;) {
      const got = await answer();
      const [newest] = got?.rows ?? [];
      if (newest?.[2] === node.head()) {
        assert.ok(got?.provisional.includes(String(newest[0])), 'the newest window is provisional');
        heads.add(node.head());
        break;
      }
      await sleep(50);
    }
    node.advance();
  }
  assert.equal(heads.size, 8, 'every head was seen in the rows');
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const ofProcessor =
    /^millrace_processor_provisional_(\w+)\{.*processor="blocks-by-window",?(?:state="(\w+)")?.*\} (\d+)$/gm;
  const [height, ...states] = [...metrics.matchAll(ofProcessor)].map((match) => match.slice(1)).sort();
  assert.ok(Number(height?.[2]) >= node.head() - 1, `${height}`);
  assert.deepEqual(states, [
    ['state', 'elsewhere', '0'],
    ['state', 'owner', '1'],
    ['state', 'waiting', '0'],
  ]);
  const csv = await (await ask('?format=csv&provisional=true')).text();
  assert.match(csv, /^window_start,blocks,newest,last,provisional\r\n/);
  assert.match(csv, /,true\r\n$/);
  assert.doesNotMatch(await (await ask('?format=csv')).text(), /true/);
  node.settle(node.chain.last);
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.stderr);

  const expected = expectedResults(readRawChain(mainnetFiles), 60);
  const { results } = await dumpData(data);
  for (const [table, rows] of expected) assert.deepEqual(results.get(table), rows, table);
  const counted = (results.get('cluster.blocks_by_window') ?? []).map((row) => JSON.parse(row));
  const final = expected.get('cluster.gas_by_window')?.length ?? 0;
  assert.ok(final >= 3);
  assert.ok(counted.length >= final);
});

test('finished windows are computed again on demand; nothing changes, and what expired is refused', {
  timeout: 240_000,
}, async (t) => {
  const folder = aFolder(t);
  const node = await startReplay({ files: mainnetFiles, finalityDistance: 2 });
  t.after(() => node.close());
  node.settle(node.chain.last);
  const data = join(folder, 'data');
  const files = ['csv', 'parquet'].map((output) => ({
    ...{ name: `hashes-${output}`, window: '1m', output: output as 'csv' | 'parquet' },
    sql: 'SELECT hash, value, block_timestamp FROM transactions ORDER BY block_number, transaction_index',
  }));
  const manifest = aManifest(folder, { url: node.url, processors: [...exampleProcessors, ...files] });
  const ran = await millrace(t, 'run', '-f', manifest, '--data', data, '--port', '0', '--until', '17686132');
  assert.equal(ran.code, 0, ran.stderr);
  const before = await dumpData(data);

  const rerun = (...args: readonly string[]) =>
    millrace(t, 'process', 'rerun', ...args, '-f', manifest, '--data', data);
  const dry = await rerun('gas-by-window', '--from', '2023-07-13', '--dry-run');
  assert.match(dry.stdout, /^2023-07-13T17:39:00Z to 2023-07-13T17:40:00Z\n/, dry.stderr);
  assert.match(dry.stdout, /gas-by-window: 3 finished windows would be computed again/);
  for (const name of ['gas-by-window', 'transfers-by-token', 'hashes-csv', 'hashes-parquet']) {
    const again = await rerun(name, '--from', '2023-07-13', '--to', '2023-07-14');
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, new RegExp(`${name}: 3 finished windows of cluster`));
    assert.match(again.stderr, /3\/3 2023-07-13T17:41:00Z: \d+ rows; 0 s left/);
  }
  assert.deepEqual(await dumpData(data), before);
  const part = await rerun('gas-by-window', '--from', '2023-07-13T17:41:00Z');
  assert.match(part.stdout, /1 finished window of/);

  const unknown = await rerun('gas');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /ProcessorUnknown: .*gas.*gas-by-window, transfers-by-token/);
  const nonsense = await rerun('gas-by-window', '--from', '2023-02-31');
  assert.equal(nonsense.code, 2);
  assert.match(nonsense.stderr, /UTC date/);

  const brief = aManifest(folder, { url: node.url, processors: exampleProcessors, retention: '30d' });
  const gone = await millrace(
    t,
    'process',
    'rerun',
    'gas-by-window',
    '--from',
    '2023-07-13',
    '-f',
    brief,
    '--data',
    data,
  );
  assert.equal(gone.code, 4);
  assert.match(gone.stderr, /WindowExpired: 3 finished window\(s\).*from 2023-07-13T17:39:00Z on/);

  const [gas] = exampleProcessors;
  aManifest(folder, { url: node.url, processors: [{ ...gas, engine: 'spark' }] });
  const spark = await rerun('gas-by-window');
  assert.deepEqual([spark.code, spark.stdout], [2, '']);
  assert.match(
    spark.stderr,
    /SqlDenied: processor gas-by-window: .*engine is spark, and no Spark is configured/,
  );
  assert.deepEqual((await dumpData(data)).results, before.results);
  rmSync(data, { recursive: true });
  assert.match((await rerun('gas-by-window')).stderr, /DataFolderMissing/);
});
