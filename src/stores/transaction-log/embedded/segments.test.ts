import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../../clock.ts';
import { isMillraceError } from '../../../errors.ts';
import { silentLogger } from '../../../logger.ts';
import { aChain, madeTime, writeBlock } from '../made-blocks.ts';
import type { TransactionLog } from '../port.ts';
import { openEmbeddedTransactionLog } from './open.ts';

const segmentSize = { transactions: 20, bytes: 1 << 20, blocks: 100, least: 4 };

describe('segments of the embedded log', () => {
  let folder: string;
  let log: TransactionLog;
  const open = () =>
    openEmbeddedTransactionLog({ folder, clock: systemClock, logger: silentLogger, segmentSize });
  const files = async (ending: string) =>
    (await readdir(join(folder, 'segments'))).filter((file) => file.endsWith(ending)).sort();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-segments-'));
    log = await open();
  });
  after(async () => {
    await log.close();
    await rm(folder, { recursive: true });
  });

  test('live blocks are sealed by themselves once there are enough final ones', async () => {
    for (const [at, made] of aChain(1, 25).entries()) await writeBlock(log, made, 'final', at + 1);
    await log.flush();
    const names = (await files('.blocks.parquet')).map((file) => file.split('-').slice(0, 2).join('-'));
    assert.deepEqual(names, ['1-10', '11-20']);
    assert.equal((await log.size()).blocks, 25);
  });

  test('history that is tiny when flushed makes no segment, and is sealed with its neighbours', async () => {
    const before = (await files('.index.sqlite')).length;
    await log.appendFinal(aChain(26, 26));
    await log.flush();
    assert.equal((await files('.index.sqlite')).length, before);
    assert.equal((await log.coverage()).at(-1)?.to, 26);
    for (const made of aChain(27, 30)) await writeBlock(log, made, 'final', made.block.number);
    await log.flush();
    assert.equal((await files('.index.sqlite')).length, before + 1);
  });

  test('history seals by itself when it is large, without a flush', async () => {
    await log.appendFinal(aChain(31, 45));
    assert.equal((await log.coverage()).at(-1)?.to, 40);
    assert.ok(log.bufferedBytes() > 0);
    await log.flush();
    assert.equal(log.bufferedBytes(), 0);
    assert.deepEqual(await log.coverage(), [
      { from: 1, to: 45, fromTime: madeTime(1), toTime: madeTime(45) },
    ]);
  });

  test('files that a scan reads stay until it is released', async () => {
    const scan = await log.scan({ time: { from: madeTime(5), to: madeTime(15) }, provisional: false });
    assert.equal(scan.files.transactions.length, 2);
    assert.equal(await log.expire(madeTime(11)), 10);
    assert.ok(scan.files.transactions.every((file) => existsSync(file)));
    assert.equal(await log.block(3), undefined);
    await scan.release();
    await log.expire(madeTime(11));
    assert.deepEqual(
      scan.files.transactions.map((file) => existsSync(file)),
      [false, true],
    );
    assert.equal((await log.block(11))?.number, 11);
  });

  test('what is not registered is deleted at the next opening', async () => {
    await log.close();
    const stray = join(folder, 'segments', '100-200-abc.blocks.parquet');
    await writeFile(stray, 'half a file');
    log = await open();
    assert.ok(!existsSync(stray));
    assert.equal((await log.block(11))?.number, 11);
  });

  test('a segment that is cut or missing is named at the opening', async () => {
    await log.close();
    const [file = ''] = await files('.logs.parquet');
    const path = join(folder, 'segments', file);
    for (const damage of [() => truncate(path, 100), () => rm(path)]) {
      await damage();
      await assert.rejects(open(), (error: unknown) => {
        assert.ok(isMillraceError(error, 'SegmentDamaged'));
        assert.equal(error.fields.file, path);
        return true;
      });
    }
  });
});
