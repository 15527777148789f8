// Transactions as rows: the same columns on the overview, in a block and at an address.

import { formatAge, formatCount, formatTime, shortHash } from '../../../status/figures.ts';
import type { TransactionSummary } from '../../server/answers.ts';
import { formatEther } from '../format-value.ts';
import { useNow } from '../live.tsx';
import { linkTo } from '../route.ts';

export function TransactionTable(props: {
  readonly transactions: readonly TransactionSummary[];
  readonly label: string;
  /** The address whose transactions these are: it is shown as text, the other side as a link. */
  readonly address?: string;
  readonly hideBlock?: boolean;
}) {
  return (
    // The region scrolls sideways on narrow screens, so the keyboard must be able to reach it.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region needs focus to scroll by keyboard
    <section className="table-scroll" aria-label={props.label} tabIndex={0}>
      <table className="transactions">
        <thead>
          <tr>
            <th scope="col">Transaction</th>
            {!props.hideBlock && <th scope="col">Block</th>}
            {!props.hideBlock && <th scope="col">Age</th>}
            <th scope="col">From</th>
            <th scope="col" aria-label="to" />
            <th scope="col">To</th>
            <th scope="col" className="number">
              Value, ETH
            </th>
            <th scope="col" className="number">
              Fee, ETH
            </th>
            <th scope="col">Status</th>
          </tr>
        </thead>
        <tbody>
          {props.transactions.map((transaction) => (
            <TransactionRow
              key={transaction.hash}
              transaction={transaction}
              address={props.address}
              hideBlock={props.hideBlock}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function TransactionRow(props: {
  readonly transaction: TransactionSummary;
  readonly address: string | undefined;
  readonly hideBlock: boolean | undefined;
}) {
  const { transaction } = props;
  return (
    <tr>
      <td className="hash">
        <a className="mono" href={linkTo.transaction(transaction.hash)} title={transaction.hash}>
          {shortHash(transaction.hash)}
        </a>
      </td>
      {!props.hideBlock && (
        <td>
          <a href={linkTo.block(transaction.block_hash)}>{formatCount(transaction.block_number)}</a>
        </td>
      )}
      {!props.hideBlock && (
        <td className="age">
          <Age at={transaction.block_timestamp} />
        </td>
      )}
      <td>
        <AddressLink address={transaction.from_address} own={props.address} />
      </td>
      <td className="quiet" aria-hidden="true">
        →
      </td>
      <td className="to">
        <Receiver transaction={transaction} own={props.address} />
      </td>
      <td className={transaction.value === '0' ? 'number value quiet' : 'number value'}>
        {formatEther(transaction.value, 5)}
      </td>
      <td className="number fee quiet">{transaction.fee === null ? '–' : formatEther(transaction.fee, 5)}</td>
      <td className="status">
        <Badges status={transaction.receipt_status} state={transaction.state} />
      </td>
    </tr>
  );
}

function Receiver(props: { readonly transaction: TransactionSummary; readonly own: string | undefined }) {
  const { to_address, receipt_contract_address } = props.transaction;
  if (to_address !== null) return <AddressLink address={to_address} own={props.own} />;
  if (receipt_contract_address === null) return <span className="quiet">new contract</span>;
  return (
    <>
      <span className="quiet">new </span>
      <AddressLink address={receipt_contract_address} own={props.own} />
    </>
  );
}

export function AddressLink(props: { readonly address: string; readonly own?: string | undefined }) {
  const text = shortHash(props.address);
  if (props.address === props.own) return <span className="mono own">{text}</span>;
  return (
    <a className="mono" href={linkTo.address(props.address)} title={props.address}>
      {text}
    </a>
  );
}

/** Whether it succeeded, and whether it may still be undone. */
export function Badges(props: { readonly status: unknown; readonly state: 'new' | 'final' }) {
  return (
    <span className="badges">
      {props.status === 0 && <span className="badge bad">failed</span>}
      {props.status === 1 && <span className="badge good">ok</span>}
      {props.state === 'final' ? (
        <span className="badge">final</span>
      ) : (
        <span className="badge warn" title="its block may still be undone by a reorg">
          provisional
        </span>
      )}
    </span>
  );
}

export function Age({ at }: { readonly at: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={`${formatTime(at)} UTC`}>
      {formatAge(now - at)}
    </time>
  );
}
