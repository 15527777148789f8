// Which records of a topic a subscription asks for. An undo marker names its block and no address: it concerns everybody
// who may have been told of that block.

import type { Subscription, SubscriptionFilter } from '../../stores/metadata/port.ts';
import { type CheckedRecord, checkedRecord } from '../../stores/topics/checked-records.ts';
import type { StoredBatch } from '../../stores/topics/port.ts';
import type { Row } from '../../stores/transaction-log/columns.ts';

export interface MatchedRecords {
  readonly step: 'new' | 'undo' | 'final';
  /** As the topic has them: JSON texts. */
  readonly values: readonly string[];
}

/** Undefined when nothing of the batch is asked for, or when it is none of Millrace's. */
export function createMatch({
  topic,
  filter,
}: Subscription): (batch: StoredBatch) => MatchedRecords | undefined {
  const wanted = filter && !isEmpty(filter) ? rowFilter(topic, filter) : undefined;
  return (batch) => {
    const record = checked(batch);
    if ('foreign' in record) return undefined;
    const { step } = record.facts;
    const all = !wanted || step !== 'new';
    const values = batch.values.filter((_, at) => all || wanted(record.rows[at] as Row));
    return values.length === 0 ? undefined : { step, values };
  };
}

/** Parsed and checked once, however many subscriptions look at it. */
const known = new WeakMap<StoredBatch, CheckedRecord>();

function checked(batch: StoredBatch): CheckedRecord {
  const record = known.get(batch) ?? checkedRecord(batch);
  known.set(batch, record);
  return record;
}

function isEmpty({ addresses, topic0 }: SubscriptionFilter): boolean {
  return addresses === undefined && topic0 === undefined;
}

function rowFilter(topic: Subscription['topic'], filter: SubscriptionFilter): (row: Row) => boolean {
  const addresses = filter.addresses && new Set<unknown>(filter.addresses);
  const topic0 = filter.topic0 && new Set<unknown>(filter.topic0);
  if (topic === 'logs') {
    return (row) => (addresses?.has(row.address) ?? true) && (topic0?.has(row.topic0) ?? true);
  }
  return (row) =>
    [row.from_address, row.to_address, row.receipt_contract_address].some((each) => addresses?.has(each));
}
