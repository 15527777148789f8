// Reads the NDJSON files of blocks and receipts that a replay is made of. What a line is is told by its content,
// gzip by its first bytes. Whatever cannot be used is ReplayInvalid with the file, the line and the problem.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { MillraceError } from '../../errors.ts';
import type { Hex, RawBlock, RawReceipt } from '../block.ts';

/** Where a line came from, for messages. */
export interface LineOrigin {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface BlockLine extends LineOrigin {
  readonly kind: 'block';
  readonly block: RawBlock;
  /** The line as it is in the file, without white space around it. */
  readonly text: Buffer;
}

export interface ReceiptsLine extends LineOrigin {
  readonly kind: 'receipts';
  readonly blockHash: Hex;
  readonly receipts: readonly RawReceipt[];
}

export type ChainLine = BlockLine | ReceiptsLine;

const maxLineBytes = 256 * 1024 * 1024;
const newline = 0x0a;

export function replayInvalid(origin: LineOrigin, problem: string, cause?: unknown): MillraceError {
  return new MillraceError(
    'ReplayInvalid',
    { file: origin.file, problem: `line ${origin.line}: ${problem}` },
    { cause },
  );
}

/**
 * Every line of a file, in order, parsed. Each is handed over and forgotten, so that a large file does not stay in memory.
 * @throws ReplayInvalid
 */
export async function readChainFile(
  file: string,
  onLine: (line: ChainLine) => void,
  signal?: AbortSignal,
): Promise<void> {
  let line = 0;
  const take = (text: Buffer) => {
    line += 1;
    const parsed = parseLine({ file, line }, text);
    if (parsed) onLine(parsed);
  };
  const split = async (chunks: AsyncIterable<Buffer>) => {
    let pending: Buffer[] = [];
    let pendingBytes = 0;
    for await (const chunk of chunks) {
      let from = 0;
      for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
        pending.push(chunk.subarray(from, to));
        take(Buffer.concat(pending));
        pending = [];
        pendingBytes = 0;
        from = to + 1;
      }
      pending.push(chunk.subarray(from));
      pendingBytes += chunk.length - from;
      if (pendingBytes > maxLineBytes)
        throw replayInvalid({ file, line: line + 1 }, `the line is longer than ${maxLineBytes} bytes`);
    }
    take(Buffer.concat(pending));
  };
  try {
    const options = signal ? { signal } : {};
    if (await isGzip(file)) await pipeline(createReadStream(file), createGunzip(), split, options);
    else await pipeline(createReadStream(file), split, options);
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    signal?.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    if (line === 0) throw new MillraceError('ReplayInvalid', { file, problem: message }, { cause: error });
    throw replayInvalid({ file, line: line + 1 }, message, error);
  }
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function parseLine(origin: LineOrigin, raw: Buffer): ChainLine | undefined {
  const source = raw.toString('utf8').trim();
  if (source === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw replayInvalid(origin, `not JSON (${error instanceof Error ? error.message : error})`, error);
  }
  if (!isRecord(value)) throw replayInvalid(origin, 'not a JSON object');
  if (Array.isArray(value.receipts)) return receiptsLine(origin, value);
  if (Array.isArray(value.transactions)) return blockLine(origin, value, Buffer.from(source));
  throw replayInvalid(origin, 'neither a block (no transactions) nor the receipts of one (no receipts)');
}

function blockLine(origin: LineOrigin, value: Record<string, unknown>, text: Buffer): BlockLine {
  for (const field of ['number', 'timestamp', 'gasUsed', 'gasLimit'])
    requireHex(origin, value, field, quantity);
  for (const field of ['hash', 'parentHash']) requireHex(origin, value, field, word);
  for (const [index, transaction] of (value.transactions as unknown[]).entries()) {
    if (!isRecord(transaction))
      throw replayInvalid(origin, `transaction ${index} is not an object; whole transactions are needed`);
    requireHex(origin, transaction, 'hash', word, `transaction ${index}: `);
  }
  return { ...origin, kind: 'block', block: value as unknown as RawBlock, text };
}

function receiptsLine(origin: LineOrigin, value: Record<string, unknown>): ReceiptsLine {
  const receipts = value.receipts as unknown[];
  for (const [index, receipt] of receipts.entries()) {
    if (!isRecord(receipt) || !Array.isArray(receipt.logs))
      throw replayInvalid(origin, `receipt ${index} is no receipt`);
    requireHex(origin, receipt, 'transactionHash', word, `receipt ${index}: `);
    requireHex(origin, receipt, 'gasUsed', quantity, `receipt ${index}: `);
  }
  requireHex(origin, value, 'blockHash', word);
  return {
    ...origin,
    kind: 'receipts',
    blockHash: value.blockHash as Hex,
    receipts: receipts as RawReceipt[],
  };
}

const quantity = /^0x[0-9a-f]{1,64}$/;
const word = /^0x[0-9a-f]{64}$/;

function requireHex(
  origin: LineOrigin,
  value: Record<string, unknown>,
  field: string,
  shape: RegExp,
  where = '',
): void {
  const found = value[field];
  if (typeof found !== 'string' || !shape.test(found))
    throw replayInvalid(
      origin,
      `${where}${field} is ${JSON.stringify(found) ?? 'missing'}, not ${shape === word ? '32 bytes of hex' : 'a hex quantity'}`,
    );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
