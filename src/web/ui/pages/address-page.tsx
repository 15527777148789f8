// The transactions of an address, newest first, page after page.

import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { plural } from '../../../status/figures.ts';
import type { AddressAnswer } from '../../server/answers.ts';
import { getJson } from '../api.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { LoadState } from '../shell/load-state.tsx';
import { TransactionTable } from '../tables/transaction-table.tsx';
import { HexText } from './facts.tsx';

const pageSize = 50;

export function AddressPage({ address }: { readonly address: string }) {
  const queries = useQueryClient();
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['address', address],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const found = queries.getQueryData<AddressAnswer>(['address-first-page', address]);
      if (pageParam === '' && found) {
        queries.removeQueries({ queryKey: ['address-first-page', address] });
        return found;
      }
      const before = pageParam === '' ? '' : `&before=${pageParam}`;
      return getJson<AddressAnswer>(
        `/api/addresses/${encodeURIComponent(address)}/transactions?limit=${pageSize}${before}`,
        signal,
      );
    },
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const transactions = data?.pages.flatMap((page) => page.transactions) ?? [];
  return (
    <section className="card">
      <header className="card-head">
        <h1>
          Address <HexText>{address}</HexText>
        </h1>
        <CopyButton text={address} what="address" />
        {transactions.length > 0 && (
          <p className="quiet" role="status">
            {hasNextPage
              ? `the newest ${plural(transactions.length, 'transaction')} shown, there are older ones`
              : `${plural(transactions.length, 'transaction')}, all shown`}
          </p>
        )}
      </header>
      {!data && <LoadState error={error} what="its transactions" />}
      {data && transactions.length === 0 && (
        <p className="quiet load-state">The log has no transaction from, to or creating this address.</p>
      )}
      {transactions.length > 0 && (
        <TransactionTable
          transactions={transactions}
          label={`Transactions of ${address}`}
          address={address}
        />
      )}
      {hasNextPage && (
        <p className="more">
          <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? 'Loading …' : 'Older transactions'}
          </button>
        </p>
      )}
      {data && error && <LoadState error={error} what="older transactions" />}
    </section>
  );
}
