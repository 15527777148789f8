// The contract of files: one for each window, with its size and SHA-256, changed together with the mark.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { aClaim, aRequest, type Contract, code, fill, scanAll } from './contract.fixture.ts';
import type { Results, ResultTable, WindowFile } from './port.ts';

export function filesContract(contract: Contract): void {
  contract('a file comes back byte by byte, with its size and SHA-256', async ({ store, reopen }) => {
    const table = await store.ensureTable(aRequest({ file: 'parquet' }));
    assert.equal(table.file, 'parquet');
    const contents = [
      randomBytes(3_000_000),
      Buffer.alloc(0),
      randomBytes(512 * 1024),
      Buffer.from([0, 39, 92, 0, 255]),
    ];
    for (const [at, bytes] of contents.entries()) {
      assert.deepEqual(await put(store, table, at * 60, bytes, at), described(at * 60, bytes, at));
    }
    const again = await reopen();
    const expected = contents.map((bytes, at) => described(at * 60, bytes, at));
    assert.deepEqual(await again.files(table, { from: 0, to: 1000 }), expected);
    assert.deepEqual(await again.files(table, { from: 60, to: 180 }), expected.slice(1, 3));
    assert.deepEqual(await again.files(table, { from: 0, to: 1000, limit: 1 }), expected.slice(0, 1));
    for (const [at, bytes] of contents.entries()) {
      const read = await again.readFile(table, at * 60);
      assert.ok(read);
      assert.equal(read.sha256, expected[at]?.sha256);
      assert.ok(bytes.equals(await collect(read.bytes)), `window ${at} differs`);
    }
    assert.equal(await again.readFile(table, 600), undefined);
    assert.deepEqual(await again.progress(table), { windows: 4, newest: 180, rows: 6 });
    assert.deepEqual(await again.doneWindows(table, { from: 0, to: 1000 }), [0, 60, 120, 180]);
    const listed = (await again.tables()).find(({ owner }) => owner === table.owner);
    assert.deepEqual(listed, table);
  });

  contract(
    'a file is replaced whole, with its totals; a shorter one leaves nothing behind',
    async ({ store }) => {
      const table = await store.ensureTable(aRequest({ file: 'csv' }));
      await put(store, table, 0, randomBytes(2_000_000), 9);
      const short = Buffer.from('token,count\r\na,1\r\n');
      await put(store, table, 0, short, 1);
      const read = await store.readFile(table, 0);
      assert.ok(read && short.equals(await collect(read.bytes)));
      assert.deepEqual(await store.progress(table), { windows: 1, newest: 0, rows: 1 });
    },
  );

  contract('bytes that break off leave the old file, the old mark, and the claim', async ({ store }) => {
    const table = await store.ensureTable(aRequest({ file: 'csv' }));
    const old = randomBytes(700_000);
    await put(store, table, 0, old, 7);
    const claim = await aClaim(store, table, 0);
    const breakingOff = async function* () {
      yield randomBytes(600_000);
      throw new Error('the engine went away');
    };
    await assert.rejects(claim.replaceFile({ bytes: breakingOff(), rows: () => 1 }), /the engine went away/);
    const read = await store.readFile(table, 0);
    assert.ok(read && old.equals(await collect(read.bytes)));
    assert.deepEqual(await store.progress(table), { windows: 1, newest: 0, rows: 7 });
    await claim.replaceFile({ bytes: [Buffer.from('new')], rows: () => 1 });
    assert.deepEqual(await store.progress(table), { windows: 1, newest: 0, rows: 1 });
  });

  contract('a claim that is taken over while its bytes come changes no file', async ({ store }) => {
    const table = await store.ensureTable(aRequest({ file: 'csv' }));
    const slow = await store.claim(table, 0, { holder: 'a', ttl: 1000, now: 0 });
    assert.ok(slow);
    const overtaken = async function* () {
      yield Buffer.from('late');
      const successor = await store.claim(table, 0, { holder: 'b', ttl: 1000, now: 2000 });
      await successor?.replaceFile({ bytes: [Buffer.from('right')], rows: () => 1 });
      yield Buffer.from('later');
    };
    await assert.rejects(slow.replaceFile({ bytes: overtaken(), rows: () => 2 }), code('ClaimLost'));
    const read = await store.readFile(table, 0);
    assert.equal(read && String(await collect(read.bytes)), 'right');
  });

  contract('who reads a file that is replaced meanwhile gets no mixture', async ({ store }) => {
    const table = await store.ensureTable(aRequest({ file: 'csv' }));
    await put(store, table, 0, randomBytes(2_000_000), 1);
    const read = await store.readFile(table, 0);
    assert.ok(read);
    const pieces = read.bytes[Symbol.asyncIterator]();
    const first = await pieces.next();
    assert.ok(!first.done && first.value.length <= 1024 * 1024);
    await put(store, table, 0, randomBytes(2_000_000), 1);
    await assert.rejects(async () => pieces.next(), code('StoreUnreachable'));
  });

  contract('rows, and files of each format, are versions of their own', async ({ store }) => {
    const request = aRequest();
    const rows = await store.ensureTable(request);
    const csv = await store.ensureTable({ ...request, file: 'csv' });
    const parquet = await store.ensureTable({ ...request, file: 'parquet' });
    assert.deepEqual([rows.version, csv.version, parquet.version], [1, 2, 3]);
    assert.deepEqual(await store.ensureTable({ ...request, file: 'csv' }), csv);
    await fill(store, rows, 0, [['a', 1]]);
    await put(store, csv, 0, Buffer.from('a,1\r\n'), 1);
    assert.deepEqual(await store.files(rows, { from: 0, to: 60 }), []);
    assert.equal(await store.readFile(rows, 0), undefined);
    assert.deepEqual(await store.files(parquet, { from: 0, to: 60 }), []);
    assert.deepEqual(await store.read(csv, {}), []);
    assert.deepEqual(await scanAll(store, csv), []);
    await assert.rejects(async () => (await aClaim(store, csv, 60)).replace([]), TypeError);
    const claim = await aClaim(store, rows, 60);
    await assert.rejects(async () => claim.replaceFile({ bytes: [], rows: () => 0 }), TypeError);
  });
}

async function put(
  store: Results,
  table: ResultTable,
  start: number,
  bytes: Buffer,
  rows: number,
): Promise<WindowFile> {
  const claim = await aClaim(store, table, start);
  return claim.replaceFile({ bytes: inPieces(bytes), rows: () => rows });
}

/** Pieces of lengths that fit no chunk. */
async function* inPieces(bytes: Buffer): AsyncIterable<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 77_777) yield bytes.subarray(from, from + 77_777);
}

function described(windowStart: number, bytes: Buffer, rows: number): WindowFile {
  return { windowStart, rows, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}
