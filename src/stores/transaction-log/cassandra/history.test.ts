// What history holds when a write of Cassandra's fails: the acknowledgements are this test's, everything else is real.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError, MillraceError } from '../../../errors.ts';
import { aChain } from '../made-blocks.ts';
import type { FinalBlock } from '../port.ts';
import type { BlockWrites } from './block-writes.ts';
import type { CanonicalWrites } from './canonical-writes.ts';
import { History } from './history.ts';
import type { Standing } from './standing.ts';

function aHistory() {
  const state = { away: false, sent: 0, final: [] as number[] };
  const writes: Pick<BlockWrites, 'send' | 'sendRecorded'> = {
    send: async (_rows, _time, acks) => {
      state.sent += 1;
      const away = new MillraceError('StoreUnreachable', { store: 'cassandra', problem: 'no answer' });
      acks.add(state.away ? Promise.reject(away) : Promise.resolve());
      await new Promise(setImmediate);
    },
    sendRecorded: async () => undefined,
  };
  const canonical: Pick<CanonicalWrites, 'setFinal'> = {
    setFinal: async (headers) => void state.final.push(...headers.map(({ number }) => number)),
  };
  const standing: Pick<Standing, 'finals'> = { finals: async () => new Map() };
  const history = new History({
    writes: writes as BlockWrites,
    canonical: canonical as CanonicalWrites,
    standing: standing as Standing,
  });
  return { history, state };
}

test('one failed write is told once; the same blocks, offered again, are written and become final', async () => {
  const { history, state } = aHistory();
  const blocks = aChain(1, 3);
  state.away = true;
  await assert.rejects(history.append(blocks), (error) => isMillraceError(error, 'StoreUnreachable'));
  state.away = false;
  await history.append(blocks);
  await history.flush();
  assert.deepEqual(state.final, [1, 2, 3]);
});

test('a block that no column holds leaves the others held: they become final, and are not sent again', async () => {
  const { history, state } = aHistory();
  const [first, second, third] = aChain(1, 3) as [FinalBlock, FinalBlock, FinalBlock];
  const bad = { ...second, block: { ...second.block, miner: 'zz' } };
  await assert.rejects(history.append([first, bad]), (error) => isMillraceError(error, 'ValueOutOfRange'));
  const { sent } = state;
  await history.append([first]);
  assert.equal(state.sent, sent);
  await history.append([third]);
  await history.flush();
  assert.deepEqual(state.final, [1, 3]);
});
