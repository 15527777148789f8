// Whose data a folder holds, written once: data of another pipeline or chain must never be mixed in.

import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../errors.ts';
import { onFile } from './file-error.ts';

export interface Identity {
  readonly pipeline: string;
  readonly chainId: number;
  /** Blocks are recorded with their logs. */
  readonly logs: boolean;
}

/** @throws DataFolderDamaged */
export function readIdentity(folder: string): Identity | undefined {
  const file = join(folder, 'identity.json');
  if (!existsSync(file)) return undefined;
  try {
    // What was made before logs could be left out has them.
    const {
      pipeline,
      chainId,
      logs = true,
    } = (JSON.parse(readFileSync(file, 'utf8')) ?? {}) as Partial<Identity>;
    if (typeof pipeline === 'string' && typeof chainId === 'number' && typeof logs === 'boolean')
      return { pipeline, chainId, logs };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new MillraceError('DataFolderDamaged', { file, problem: 'it does not say whose data this is' });
}

export function isNew(folder: string): boolean {
  return readIdentity(folder) === undefined;
}

/** Is it nobody's, or this one's? @throws DataFolderForeign, DataFolderDamaged */
export function checkIdentity(folder: string, identity: Identity): void {
  const known = readIdentity(folder);
  const say = ({ pipeline, chainId, logs }: Identity) =>
    `pipeline ${pipeline} on chain ${chainId}${logs ? '' : ' without logs'}`;
  if (known && say(known) !== say(identity)) {
    throw new MillraceError('DataFolderForeign', { folder, owner: say(known), asked: say(identity) });
  }
}

/** @throws DataFolderForeign, DataFolderDamaged, DiskFull */
export function claimIdentity(folder: string, identity: Identity): void {
  checkIdentity(folder, identity);
  if (!isNew(folder)) return;
  // Whole or not there, whatever happens meanwhile.
  const file = join(folder, 'identity.json');
  onFile(file, () => {
    writeFileSync(`${file}.new`, `${JSON.stringify(identity)}\n`, { flush: true });
    renameSync(`${file}.new`, file);
  });
}

/** What a start that was refused leaves behind. */
const leftBehind = ['lock.sqlite', 'lock.sqlite-journal', 'owner.json', 'millrace.log', 'identity.json.new'];

/**
 * A folder that holds other things and no data of Millrace's is somebody else's: nothing is put there, nothing removed.
 * @throws DataFolderOccupied, DataFolderUnusable
 */
export function refuseStrangers(folder: string): void {
  if (!existsSync(folder) || existsSync(join(folder, 'identity.json'))) return;
  const found = onFile(folder, () => readdirSync(folder)).find((name) => !leftBehind.includes(name));
  if (found !== undefined) throw new MillraceError('DataFolderOccupied', { folder, found });
}
