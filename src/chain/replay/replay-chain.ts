// One consistent chain to replay: consecutive numbers, each block linked to the one before. Files as they are and
// relinked files both end up as this; the head that moves over it is somebody else's (scripted-view.ts).

import type { Hex } from '../block.ts';
import type { ServedBlock } from './served-block.ts';

export interface ReplayChain {
  readonly first: number;
  readonly last: number;
  /** @throws RangeError outside [first, last] */
  block(number: number): ServedBlock;
  /** The height of the block with this hash. */
  numberOf(hash: Hex): number | undefined;
  findTransaction(hash: Hex): { readonly number: number; readonly index: number } | undefined;
  /** For a person: what is real and what is made, with counts. */
  describe(): string;
}
