import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { FileFormat, ResultTable } from '../../stores/results/port.ts';
import type { ErrorAnswer, ResultFilesAnswer } from './answers.ts';
import { openWebFixture, type WebFixture } from './web.fixture.ts';

let fixture: WebFixture;
before(async () => {
  fixture = await openWebFixture();
});
after(async () => fixture.close());

const start = 1_689_269_940;
const megabyte = Buffer.alloc(1024 * 1024, 'a,b\n');

async function aTable(processor: string, file: FileFormat): Promise<ResultTable> {
  const columns = [{ name: 'hash', type: 'text' }] as const;
  const owner = 'user/ann';
  return fixture.results.ensureTable({ owner, processor, window: 60, columns, fingerprint: 'a', file });
}

async function fill(table: ResultTable, windowStart: number, pieces: readonly Uint8Array[]): Promise<void> {
  const options = { holder: 'test', ttl: 60_000, now: Date.now() };
  const claim = await fixture.results.claim(table, windowStart, options);
  assert.ok(claim);
  await claim.replaceFile({ bytes: pieces, rows: () => pieces.length });
}

const get = (path: string, init: RequestInit = {}) => fetch(new URL(path, fixture.web.url), init);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('the files of a table are listed newest first, page by page, over windows that have none', async () => {
  const table = await aTable('listed', 'csv');
  const windows = [start, start + 60, start + 120, start + 600];
  for (const [at, window] of windows.entries()) await fill(table, window, [Buffer.from(`row ${at}\n`)]);
  const path = '/api/results/user%2Fann/listed/files';
  const seen: number[] = [];
  let pages = 0;
  for (let next: number | null | undefined; next !== null; pages++) {
    const query: string = next === undefined ? 'limit=2' : `limit=2&before=${next}`;
    const page = (await (await get(`${path}?${query}`)).json()) as ResultFilesAnswer;
    assert.equal(page.table.file, 'csv');
    for (const { window_start, rows, size, sha256: hash, href } of page.files) {
      const window = Date.parse(window_start) / 1_000;
      seen.push(window);
      const bytes = Buffer.from(`row ${windows.indexOf(window)}\n`);
      assert.deepEqual([rows, size, hash], [1, bytes.length, sha256(bytes)]);
      assert.equal(await (await get(href)).text(), bytes.toString());
    }
    next = page.next;
  }
  assert.deepEqual(seen, windows.toReversed());
  assert.ok(pages >= 4);
});

test('a file comes whole, with its length, type, name and tag; who has it is not sent it again', async () => {
  const table = await aTable('large', 'parquet');
  const pieces = Array.from({ length: 8 }, () => megabyte);
  await fill(table, start, pieces);
  const whole = Buffer.concat(pieces);
  const path = `/api/results/user%2Fann/large/files/${start}`;
  const answer = await get(path);
  assert.equal(sha256(new Uint8Array(await answer.arrayBuffer())), sha256(whole));
  const of = (name: string) => answer.headers.get(name);
  assert.equal(of('content-type'), 'application/vnd.apache.parquet');
  assert.equal(of('content-disposition'), 'attachment; filename="large-2023-07-13T173900Z.parquet"');
  assert.equal(of('content-length'), String(whole.length));
  assert.equal(of('etag'), `"${sha256(whole)}"`);
  assert.equal(of('cache-control'), 'private, no-cache');
  const again = await get(path, { headers: { 'if-none-match': `"other", ${of('etag')}` } });
  assert.deepEqual([again.status, await again.text()], [304, '']);
  const head = await get(path, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('etag')], [200, of('etag')]);
});

test('the bytes are read as they are sent: a reader that stops does not have them all read', async (t) => {
  const table = await aTable('slow', 'csv');
  await fill(
    table,
    start,
    Array.from({ length: 48 }, () => megabyte),
  );
  let taken = 0;
  const { readFile } = fixture.results;
  t.mock.method(fixture.results, 'readFile', async (...args: Parameters<typeof readFile>) => {
    const file = await readFile.apply(fixture.results, args);
    if (!file) return undefined;
    const counted = async function* () {
      for await (const piece of file.bytes) {
        taken += piece.length;
        yield piece;
      }
    };
    return { ...file, bytes: counted() };
  });
  const answer = await get(`/api/results/user%2Fann/slow/files/${start}`);
  const reader = answer.body?.getReader();
  await reader?.read();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(taken > 0 && taken < 24 * megabyte.length, `${taken} bytes were read`);
  await reader?.cancel();
});

test('what is not there is said', async () => {
  await aTable('empty', 'csv');
  const none = (await (await get('/api/results/user%2Fann/empty/files')).json()) as ResultFilesAnswer;
  assert.deepEqual([none.files, none.next], [[], null]);
  for (const [path, status, code] of [
    [`/api/results/user%2Fann/empty/files/${start}`, 404, 'FileMissing'],
    [`/api/results/cluster/gas_by_minute/files/${start}`, 404, 'FileMissing'],
    ['/api/results/cluster/none/files', 404, 'ResultUnknown'],
    ['/api/results/cluster/gas_by_minute/files/soon', 400, 'RequestInvalid'],
  ] as const) {
    const answer = await get(path);
    assert.deepEqual([answer.status, ((await answer.json()) as ErrorAnswer).code], [status, code], path);
  }
});
