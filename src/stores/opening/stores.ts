// The four stores of a pipeline, whatever they are on, and what they are called in lines, metrics and checks.

import type { Metadata } from '../metadata/port.ts';
import type { Results } from '../results/port.ts';
import type { Topics } from '../topics/port.ts';
import type { TransactionLog } from '../transaction-log/port.ts';

export interface Stores {
  readonly topics: Topics;
  readonly log: TransactionLog;
  readonly results: Results;
  readonly metadata: Metadata;
}

/** How to open some of them. */
export type Openers = { readonly [K in keyof Stores]?: () => Promise<Stores[K]> };

export type StoreKey = keyof Stores;

/** As people read it. */
export const storeNames = {
  topics: 'topics',
  log: 'transaction log',
  results: 'results',
  metadata: 'metadata',
} as const satisfies Record<StoreKey, string>;
