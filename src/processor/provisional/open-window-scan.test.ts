import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { isMillraceError } from '../../errors.ts';
import { silentLogger } from '../../logger.ts';
import type { LogTable } from '../../stores/transaction-log/columns.ts';
import { openEmbeddedTransactionLog } from '../../stores/transaction-log/embedded/open.ts';
import { aChain, writeBlock } from '../../stores/transaction-log/made-blocks.ts';
import type { FinalBlock, LogScan, TransactionLog } from '../../stores/transaction-log/port.ts';
import { scanOpenWindow } from './open-window-scan.ts';
import { blockFacts, createTrackedChain, type KeptRows, type TrackedChain } from './tracked-chain.ts';

async function aLog(t: TestContext): Promise<TransactionLog> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-open-'));
  const log = await openEmbeddedTransactionLog({ folder, clock: systemClock, logger: silentLogger });
  t.after(async () => {
    await log.close();
    rmSync(folder, { recursive: true });
  });
  return log;
}

function kept({ block, transactions, logs }: FinalBlock): KeptRows {
  const text = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row));
  const rows = { blocks: text([block]), transactions: text(transactions), logs: text(logs) };
  return { ...rows, bytes: Object.values(rows).flat().join('').length };
}

function tracked(blocks: readonly FinalBlock[], keepBytes: number): TrackedChain {
  const chain = createTrackedChain({ keepBytes });
  for (const block of blocks) chain.push(blockFacts(block.block), kept(block));
  return chain;
}

async function hashes(scan: LogScan, table: LogTable): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const rows of scan.rows(table)) {
    found.push(...rows.map((row) => row[table === 'logs' ? 'transaction_hash' : 'hash']));
  }
  return found;
}

test('rows above the bound are let go, oldest first, and come from the log: the window is the same', async (t) => {
  const log = await aLog(t);
  const blocks = aChain(10, 19);
  const one = kept(blocks[0] as FinalBlock).bytes;
  const chain = tracked(blocks, 3.5 * one);
  assert.ok(chain.keptBytes <= 3.5 * one);
  assert.deepEqual(
    chain.blocks.map((block) => block.kept !== undefined),
    [...Array(7).fill(false), ...Array(3).fill(true)],
  );
  const window = { from: 0, to: 2 ** 40 };
  const scan = await scanOpenWindow(log, { window, finalUntil: undefined, blocks: chain.blocks });
  await assert.rejects(hashes(scan, 'transactions'), (error) => isMillraceError(error, 'RowsMissing'));
  for (const [at, block] of blocks.entries()) await writeBlock(log, block, 'new', at + 1);
  for (const table of ['blocks', 'transactions', 'logs'] as const) {
    const expected = blocks.flatMap(({ block, transactions, logs }) =>
      table === 'blocks'
        ? [block.hash]
        : table === 'transactions'
          ? transactions.map(({ hash }) => hash)
          : logs.map((row) => row.transaction_hash),
    );
    assert.deepEqual(await hashes(scan, table), expected);
  }
});

test('a block that was undone in the log meanwhile is missing, not silently left out', async (t) => {
  const log = await aLog(t);
  const blocks = aChain(10, 11);
  for (const block of blocks) await writeBlock(log, block, 'new', 1);
  const chain = tracked(blocks, 0);
  await writeBlock(log, blocks[1] as FinalBlock, 'undone', 2);
  const window = { from: 0, to: 2 ** 40 };
  const scan = await scanOpenWindow(log, { window, finalUntil: undefined, blocks: chain.blocks });
  await assert.rejects(hashes(scan, 'blocks'), (error) => isMillraceError(error, 'RowsMissing'));
});

test('the log gives what is before the first tracked block and nothing after it', async (t) => {
  const log = await aLog(t);
  const blocks = aChain(10, 19);
  await log.appendFinal(blocks.slice(0, 8));
  await log.flush();
  const chain = tracked(blocks.slice(5), 1_000_000);
  const first = chain.blocks[0]?.facts.timestamp ?? 0;
  const window = { from: blocks[2]?.block.timestamp ?? 0, to: first + 1_000 };
  const scan = await scanOpenWindow(log, { window, finalUntil: first, blocks: chain.blocks });
  t.after(() => scan.release());
  assert.equal(scan.filesUntil, first);
  const rows = (await hashes(scan, 'blocks')).slice(-5);
  assert.deepEqual(
    rows,
    blocks.slice(5).map(({ block }) => block.hash),
  );
});
