// One transaction with its receipt and its logs.

import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { formatCount, formatTime, plural } from '../../../status/figures.ts';
import type { TransactionAnswer } from '../../server/answers.ts';
import { getJson } from '../api.ts';
import { formatEther, formatGwei } from '../format-value.ts';
import { linkTo } from '../route.ts';
import { LoadState } from '../shell/load-state.tsx';
import { Age, Badges } from '../tables/transaction-table.tsx';
import { Facts, HexText } from './facts.tsx';
import { LogList } from './log-list.tsx';

/** A provisional one is asked for again until it is final, or gone with its block. */
const provisionalRefetchMs = 4000;
const typeNames: Readonly<Record<string, string>> = {
  0: 'legacy',
  1: 'access list',
  2: 'EIP-1559',
  3: 'blob',
  4: 'set code',
};

export function TransactionPage({ hash }: { readonly hash: string }) {
  const { data, error } = useQuery({
    queryKey: ['transaction', hash],
    queryFn: ({ signal }) =>
      getJson<TransactionAnswer>(`/api/transactions/${encodeURIComponent(hash)}`, signal),
    refetchInterval: ({ state }) => (state.data?.transaction.state === 'new' ? provisionalRefetchMs : false),
  });
  if (!data) {
    return (
      <section className="card">
        <h1>Transaction</h1>
        <LoadState error={error} what="the transaction" />
      </section>
    );
  }
  const { transaction, logs } = data;
  const input = String(transaction.input ?? '0x');
  return (
    <>
      <section className="card">
        <header className="card-head">
          <h1>Transaction</h1>
          <Badges status={transaction.receipt_status} state={transaction.state} />
        </header>
        <Facts facts={factsOf(data)} />
        <details className="input">
          <summary>Input, {plural(input.length / 2 - 1, 'byte')}</summary>
          <HexText>{input}</HexText>
        </details>
      </section>
      <LogList logs={logs} />
    </>
  );
}

function factsOf({ transaction }: TransactionAnswer): readonly (readonly [string, ReactNode])[] {
  const created = transaction.receipt_contract_address;
  return [
    ['Hash', <HexText key="hash">{transaction.hash}</HexText>],
    [
      'Block',
      <span key="block">
        <a href={linkTo.block(transaction.block_hash)}>{formatCount(transaction.block_number)}</a>
        <span className="quiet">, index {transaction.transaction_index}</span>
      </span>,
    ],
    [
      'Time',
      <span key="time">
        {formatTime(transaction.block_timestamp)} UTC{' '}
        <span className="quiet">
          <Age at={transaction.block_timestamp} />
        </span>
      </span>,
    ],
    ['From', <AddressFact key="from" address={transaction.from_address} />],
    [
      'To',
      transaction.to_address ? (
        <AddressFact key="to" address={transaction.to_address} />
      ) : (
        <span key="to">new contract {typeof created === 'string' && <AddressFact address={created} />}</span>
      ),
    ],
    ['Value', `${formatEther(String(transaction.value ?? '0'))} ETH`],
    ['Fee', transaction.fee === null ? null : `${formatEther(transaction.fee)} ETH`],
    ['Gas', `${count(transaction.receipt_gas_used)} used of ${count(transaction.gas)}`],
    [
      'Gas price',
      `${formatGwei(String(transaction.receipt_effective_gas_price ?? transaction.gas_price ?? '0'))} gwei`,
    ],
    ['Nonce', count(transaction.nonce)],
    ['Type', typeNames[String(transaction.transaction_type ?? 0)] ?? String(transaction.transaction_type)],
  ];
}

function AddressFact({ address }: { readonly address: string }) {
  return (
    <a className="mono long" href={linkTo.address(address)}>
      {address}
    </a>
  );
}

function count(value: string | number | null | undefined): string {
  return value == null ? '–' : formatCount(value);
}
