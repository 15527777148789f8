import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { isMillraceError } from '../../errors.ts';
import { loadChain } from './load-chain.ts';
import { runFiles, shapeFiles } from './mainnet.fixture.ts';

const folder = await mkdtemp(join(tmpdir(), 'millrace-replay-'));
after(() => rm(folder, { recursive: true }));

const [blocksFile, receiptsFile] = runFiles;
const blockLines = gunzipSync(await readFile(blocksFile))
  .toString()
  .trim()
  .split('\n');
const receiptLines = gunzipSync(await readFile(receiptsFile))
  .toString()
  .trim()
  .split('\n');

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

async function refusal(files: readonly string[]): Promise<string> {
  try {
    await loadChain({ files });
  } catch (error) {
    assert.ok(isMillraceError(error, 'ReplayInvalid'), String(error));
    return error.message;
  }
  return assert.fail('it was accepted');
}

test('a run is served byte by byte as the file has it', async () => {
  const chain = await loadChain({ files: [...runFiles] });
  assert.deepEqual([chain.first, chain.last], [17686110, 17686132]);
  for (const [at, line] of blockLines.entries()) {
    const block = chain.block(chain.first + at);
    assert.equal(block.full().toString(), line);
    const { receipts } = JSON.parse(receiptLines[at] ?? '') as { receipts: unknown };
    assert.deepEqual(JSON.parse(block.receipts().toString()), receipts);
    assert.equal(chain.numberOf(block.hash), chain.first + at);
  }
  const { transactions } = JSON.parse(blockLines[5] ?? '') as { transactions: { hash: string }[] };
  assert.deepEqual(chain.findTransaction(transactions[7]?.hash ?? ''), { number: chain.first + 5, index: 7 });
  assert.match(chain.describe(), /23 blocks.*4416 transactions/);
});

test('files are told apart by content: any names, plain or gzip, members joined, repeats merged', async () => {
  const members = Buffer.concat(blockLines.slice(0, 3).map((line) => gzipSync(`${line}\n`)));
  const files = [
    await fileOf('receipts.blocks.ndjson', `\n${receiptLines.slice(0, 4).reverse().join('\r\n')}`),
    await fileOf('no-suffix', members),
    await fileOf('again.json', `${blockLines[3]}\n${blockLines[1]}\n`),
  ];
  const chain = await loadChain({ files });
  assert.deepEqual([chain.first, chain.last], [17686110, 17686113]);
});

test('what cannot be used is named with file, line and problem', async () => {
  const [first = '', second = '', third = ''] = blockLines;
  const cut = gzipSync(blockLines.join('\n')).subarray(0, 400_000);
  const wrong = (change: object) => `${first}\n${JSON.stringify({ ...JSON.parse(second), ...change })}`;
  const cases: readonly (readonly [name: string, content: string | Buffer, problem: RegExp])[] = [
    ['text', `${first}\n\nhello`, /text: line 3: not JSON/],
    ['array', '[1]', /line 1: not a JSON object/],
    ['other', '{"number":"0x1"}', /line 1: neither a block/],
    ['number', wrong({ number: 5 }), /line 2: number is 5, not a hex quantity/],
    ['parent', wrong({ parentHash: '0x12' }), /line 2: parentHash is "0x12", not 32 bytes/],
    [
      'hashes',
      wrong({ transactions: ['0x1'] }),
      /line 2: transaction 0 is not an object; whole transactions/,
    ],
    ['gas', wrong({ gasUsed: undefined }), /line 2: gasUsed is missing/],
    ['receipt', '{"blockHash":"0x1","receipts":[{}]}', /line 1: receipt 0 is no receipt/],
    ['cut.gz', cut, /line [1-9]\d*: unexpected end of file/],
    [
      'gap',
      `${first}\n${third}`,
      /line 2: block 17686112 does not follow: blocks 17686111-17686111 are missing before it; --relink/,
    ],
    [
      'fork',
      wrong({ parentHash: `0x${'ab'.repeat(32)}` }),
      /not the child of the block before, 17686110 0x310a/,
    ],
  ];
  for (const [name, content, problem] of cases)
    assert.match(await refusal([await fileOf(name, content), receiptsFile]), problem);
  assert.match(await refusal([blocksFile]), /line 1: there are no receipts for block 17686110.*--relink/);
  assert.match(await refusal([join(folder, 'missing')]), /missing: ENOENT/);
  const few = JSON.parse(receiptLines[0] ?? '') as { receipts: unknown[] };
  few.receipts.reverse();
  const mixed = await fileOf('mixed', `${JSON.stringify(few)}\n`);
  assert.match(await refusal([blocksFile, mixed]), /mixed: line 1: 179 receipts do not belong to the 179/);
});

test('no file, and files without blocks, are refused', async () => {
  for (const files of [[], [receiptsFile]])
    await assert.rejects(loadChain({ files }), (error) => isMillraceError(error, 'NothingToServe'));
  assert.match(await refusal([...shapeFiles]), /block 1920000 does not follow.*--relink/);
});
