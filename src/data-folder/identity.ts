// Whose data a folder holds, written once: data of another pipeline or chain must never be mixed in.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../errors.ts';

export interface Identity {
  readonly pipeline: string;
  readonly chainId: number;
}

/** @throws DataFolderDamaged */
export function readIdentity(folder: string): Identity | undefined {
  const file = join(folder, 'identity.json');
  if (!existsSync(file)) return undefined;
  try {
    const { pipeline, chainId } = JSON.parse(readFileSync(file, 'utf8')) as Identity;
    if (typeof pipeline === 'string' && typeof chainId === 'number') return { pipeline, chainId };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new MillraceError('DataFolderDamaged', { file, problem: 'it does not say whose data this is' });
}

/** @throws DataFolderForeign, DataFolderDamaged */
export function claimIdentity(folder: string, identity: Identity): void {
  const known = readIdentity(folder);
  const say = ({ pipeline, chainId }: Identity) => `pipeline ${pipeline} on chain ${chainId}`;
  if (!known) writeFileSync(join(folder, 'identity.json'), `${JSON.stringify(identity)}\n`);
  else if (known.pipeline !== identity.pipeline || known.chainId !== identity.chainId) {
    throw new MillraceError('DataFolderForeign', { folder, owner: say(known), asked: say(identity) });
  }
}
