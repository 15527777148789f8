// One block with its transactions; before and after it the neighbours.

import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { formatCount, formatShare, formatTime, plural } from '../../../status/figures.ts';
import type { BlockAnswer } from '../../server/answers.ts';
import { getJson } from '../api.ts';
import { formatGwei } from '../format-value.ts';
import { linkTo } from '../route.ts';
import { LoadState } from '../shell/load-state.tsx';
import { Age, Badges, TransactionTable } from '../tables/transaction-table.tsx';
import { Facts, HexText } from './facts.tsx';

const refetchMs = 4000;

export function BlockPage({ at }: { readonly at: string }) {
  const { data, error } = useQuery({
    queryKey: ['block', at],
    queryFn: ({ signal }) => getJson<BlockAnswer>(`/api/blocks/${encodeURIComponent(at)}`, signal),
    refetchInterval: ({ state: { data } }) => (data && maySoonChange(data) ? refetchMs : false),
  });
  if (!data) {
    return (
      <section className="card">
        <h1>Block {/^\d+$/.test(at) ? formatCount(at) : ''}</h1>
        <LoadState error={error} what="the block" />
      </section>
    );
  }
  const { block, previous, next, transactions } = data;
  return (
    <>
      <section className="card">
        <header className="card-head">
          <h1>Block {formatCount(block.number)}</h1>
          <Badges status={null} state={block.state} />
          <nav className="neighbours" aria-label="Neighbouring blocks">
            {previous !== null && <a href={linkTo.block(previous)}>← {formatCount(previous)}</a>}
            {next !== null && <a href={linkTo.block(next)}>{formatCount(next)} →</a>}
          </nav>
        </header>
        <Facts facts={factsOf(data)} />
      </section>
      <section className="card" aria-label="Transactions">
        <header className="card-head">
          <h2>{plural(transactions.length, 'transaction')}</h2>
        </header>
        {transactions.length === 0 ? (
          <p className="quiet load-state">An empty block.</p>
        ) : (
          <TransactionTable
            transactions={transactions}
            label={`Transactions of block ${block.number}`}
            hideBlock
          />
        )}
      </section>
    </>
  );
}

/** A provisional block may be undone; the newest one gets a successor. */
function maySoonChange({ block, next }: BlockAnswer): boolean {
  return block.state === 'new' || next === null;
}

function factsOf({ block }: BlockAnswer): readonly (readonly [string, ReactNode])[] {
  const used = Number(block.gas_used ?? 0);
  const limit = Number(block.gas_limit ?? 0);
  const base = block.base_fee_per_gas;
  return [
    ['Hash', <HexText key="hash">{block.hash}</HexText>],
    [
      'Parent',
      <a key="parent" className="mono long" href={linkTo.block(block.parent_hash)}>
        {block.parent_hash}
      </a>,
    ],
    [
      'Time',
      <span key="time">
        {formatTime(block.timestamp)} UTC{' '}
        <span className="quiet">
          <Age at={block.timestamp} />
        </span>
      </span>,
    ],
    [
      'Miner',
      block.miner ? (
        <a key="miner" className="mono long" href={linkTo.address(String(block.miner))}>
          {String(block.miner)}
        </a>
      ) : null,
    ],
    ['Gas used', `${formatCount(used)} of ${formatCount(limit)} (${formatShare(used, limit)})`],
    ['Base fee', base == null ? null : `${formatGwei(String(base))} gwei`],
    ['Logs', formatCount(block.log_count)],
    ['Size', block.size == null ? null : plural(Number(block.size), 'byte')],
  ];
}
