// What a transaction takes on Cassandra's disk, and its rows before compression: writes real blocks into a keyspace of its
// own, flushes and compacts it, and asks `nodetool tablestats`.
//
//   . build/servers/env && bin/node24 test/log-size.ts <JMX port of the node> [blocks]

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadChain } from '../src/chain/replay/load-chain.ts';
import { startReplay } from '../src/chain/replay/replay-node.ts';
import { connectChain } from '../src/chain/rpc/connect-chain.ts';
import { systemClock } from '../src/clock.ts';
import { silentLogger } from '../src/logger.ts';
import { logPlace } from '../src/stores/opening/external.ts';
import { Session } from '../src/stores/transaction-log/cassandra/session.ts';
import { blockRow, logRows, transactionRows } from '../src/streamer/records.ts';
import { mainnetFiles } from './millrace-process.ts';
import { testServer } from './servers/address.ts';
import { jarFolder } from './servers/artefacts.ts';
import { openTestLog } from './servers/stores.ts';

const run = promisify(execFile);
const [port, count = '300'] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);
if (!port) throw new Error('give the JMX port of the node (-Dcassandra.jmx.local.port)');
const lib = await jarFolder('cassandra', say);
const keyspace = `size_${randomBytes(4).toString('hex')}`;

async function nodetool(...args: readonly string[]): Promise<string> {
  const options = new URL('servers/cassandra/jvm.options', import.meta.url).pathname;
  const command = [
    `@${options}`,
    '-cp',
    join(lib, '*'),
    'org.apache.cassandra.tools.NodeTool',
    '-p',
    String(port),
    ...args,
  ];
  return (await run('java', command, { maxBuffer: 16 * 1024 * 1024 })).stdout;
}

const total = { blocks: 0, transactions: 0, logs: 0 };
const chain = await loadChain({ files: mainnetFiles, relink: { blocks: Number(count), startNumber: 1_000 } });
const node = await startReplay({ chain });
const address = logPlace({ url: testServer('CASSANDRA'), where: 'the test', pipeline: keyspace }).address;
const log = await openTestLog(
  { CASSANDRA: testServer('CASSANDRA') },
  { pipeline: keyspace, replicationFactor: 1 },
);
const { signal } = new AbortController();
const reader = await connectChain({
  endpoints: [{ url: node.url }],
  ...{ expectedChainId: 1, clock: systemClock, logger: silentLogger, signal },
});
for await (const block of reader.range({ from: chain.first, to: chain.last, signal })) {
  const rows = { block: blockRow(block), transactions: transactionRows(block), logs: logRows(block) };
  await log.appendFinal([rows]);
  total.blocks += 1;
  total.transactions += rows.transactions.length;
  total.logs += rows.logs.length;
}
await log.flush();
await reader.close();
await node.close();
const { bytes } = await log.size();
await log.close();

await nodetool('flush', keyspace);
await nodetool('compact', keyspace);
say(`${total.blocks} blocks, ${total.transactions} transactions, ${total.logs} logs`);
say(
  `values of rows as sent, without pointers: ${(bytes / total.transactions).toFixed(0)} bytes a transaction`,
);
let onDisk = 0;
let before = 0;
for (const part of (await nodetool('tablestats', keyspace)).split('Table: ').slice(1)) {
  const figure = (name: string) => Number(new RegExp(`${name}: ([\\d.]+)`).exec(part)?.[1] ?? Number.NaN);
  const [live, ratio] = [figure('Space used \\(live\\)'), figure('SSTable Compression Ratio')];
  onDisk += live;
  before += ratio > 0 ? live / ratio : live;
  say(
    [
      `${part.split('\n')[0]}:`.padEnd(26),
      `${(live / total.transactions).toFixed(1)} bytes a transaction on disk,`,
      `compressed to ${ratio}; partitions: mean ${figure('Compacted partition mean bytes')},`,
      `largest ${figure('Compacted partition maximum bytes')} bytes`,
    ].join(' '),
  );
}
say(`together: ${(onDisk / total.transactions).toFixed(0)} bytes a transaction on disk`);
say(`before compression about ${(before / total.transactions).toFixed(0)}`);

const session = await Session.open({ address, clock: systemClock, logger: silentLogger });
await session.define(`DROP KEYSPACE ${keyspace}`, 'to drop');
await session.close();
