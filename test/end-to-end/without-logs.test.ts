// A pipeline that leaves logs out, as its user sees it: blocks are whole without them, figures of transactions are exact,
// whoever asks for logs is refused instead of getting none, and it stays so for as long as there is data.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startReplay } from '../../src/chain/replay/replay-node.ts';
import { readIdentity } from '../../src/data-folder/identity.ts';
import type { PipelineStatus } from '../../src/status/pipeline-status.ts';
import type { QueryTablesAnswer } from '../../src/web/server/answers.ts';
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

const [gas] = exampleProcessors;
const transfers = { name: 'transfers', window: '1m', sql: 'SELECT count(*) AS n FROM transfers' };

test('logs are left out: by streamer, recorder, processors, pages and queries, and for ever', {
  timeout: 240_000,
}, async (t) => {
  assert.ok(gas);
  const folder = aFolder(t);
  const data = join(folder, 'data');
  const node = await startReplay({
    files: mainnetFiles,
    head: { start: 17_686_124 },
    finalityDistance: 4,
    reorgs: [{ at: 17_686_128, depth: 3 }],
  });
  t.after(() => node.close());
  const write = (logs: boolean, processors: readonly (typeof transfers)[]) =>
    aManifest(folder, { url: node.wsUrl, logs, processors });
  const command = (manifest: string) => ['run', '-f', manifest, '--data', data, '--port', '0'];

  const asking = write(false, [gas, transfers]);
  const refused = await millrace(t, 'check', '-f', asking);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /spec\.processors\[1\]\.sql \(transfers\).*transfers/);

  const manifest = write(false, [gas]);
  assert.equal((await millrace(t, 'check', '-f', manifest)).code, 0);
  const running = startMillrace(t, [...command(manifest), '--until', '17686132']);
  const url = (await running.printed(/pages at (http\S+)\/"/))[1];
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${url}${path}`)).json()) as T;
  const { tables } = await get<QueryTablesAnswer>('/api/tables');
  assert.deepEqual(
    tables.map(({ name }) => name).filter((name) => !name.startsWith('cluster.')),
    ['blocks', 'transactions'],
  );
  while (node.head() < node.chain.last) {
    while ((await get<PipelineStatus>('/api/status')).head?.number !== node.head()) await sleep(20);
    node.advance();
  }
  node.settle(node.chain.last);
  const run = await running.ended;
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /23 blocks, 4416 transactions, 0 logs in all/);

  const chain = readRawChain(mainnetFiles);
  const dump = await dumpData(data);
  assert.deepEqual(dump.coverage, [{ from: 17_686_110, to: 17_686_132 }]);
  assert.deepEqual(
    [...dump.blocks.values()].flatMap((block) => block.transactions.map(({ hash }) => hash)),
    chain.blocks.flatMap((block) => block.transactions.map(({ hash }) => hash)),
  );
  assert.deepEqual(
    [...dump.blocks.values()].flatMap((block) => block.logs),
    [],
  );
  const table = 'cluster.gas_by_window';
  assert.deepEqual(dump.results, new Map([[table, expectedResults(chain, 60).get(table)]]));

  const query = (sql: string) => millrace(t, 'query', sql, '--data', data, '--format', 'json');
  for (const name of ['logs', 'transfers']) {
    const answer = await query(`SELECT count(*) AS n FROM ${name}`);
    assert.equal(answer.code, 2, answer.stdout);
    assert.match(answer.stderr, new RegExp(`there is no table ${name}; there are blocks, transactions`));
    assert.equal(answer.stdout, '');
  }
  const blocks = await query('SELECT count(*) AS n, sum(transaction_count) AS transactions FROM blocks');
  assert.deepEqual(JSON.parse(blocks.stdout), [{ n: 23, transactions: '4416' }]);

  // What was recorded without logs is never taken for blocks that have none.
  const other = write(true, [gas, transfers]);
  const identity = readIdentity(data);
  const rerun = (file: string) => ['process', 'rerun', gas.name, '-f', file, '--data', data];
  for (const args of [command(other), rerun(other)]) {
    const flipped = await millrace(t, ...args);
    assert.equal(flipped.code, 2, flipped.stderr);
    assert.match(
      flipped.stderr,
      /DataFolderForeign: .* belongs to pipeline test on chain 1 without logs, not to pipeline test on chain 1\. To mend it/,
    );
  }
  assert.deepEqual(readIdentity(data), identity);
  const back = write(false, [gas]);
  assert.equal((await millrace(t, ...command(back), '--until', '17686132')).code, 0);
  assert.equal((await millrace(t, ...rerun(back))).code, 0);
  assert.deepEqual((await dumpData(data)).results, dump.results);
});
