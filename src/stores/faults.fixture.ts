// Real stores whose calls fail now and then, or while a test says that they are away: before the call (nothing happened)
// or after it (it happened, and nobody heard). What a store is behind a bad network.

import { MillraceError } from '../errors.ts';
import type { Consumer, Publisher, Topics } from './topics/port.ts';
import type { TransactionLog } from './transaction-log/port.ts';

export interface Faults {
  /** Share of calls that fail, 0 to 1, asked at each. */
  readonly rate: () => number;
  readonly random: () => number;
  /** Longest pause before a call, in ms. Default 0. */
  readonly maxDelayMs?: number;
}

/** Runs `call`, unless it fails. */
export type Attempt = <T>(store: string, call: () => Promise<T>) => Promise<T>;

export function createFaults({ rate, random, maxDelayMs = 0 }: Faults): Attempt {
  const unreachable = (store: string, problem: string) =>
    new MillraceError('StoreUnreachable', { store, problem });
  return async (store, call) => {
    if (maxDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, random() * maxDelayMs));
    const fails = random() < rate();
    if (fails && random() < 0.5) throw unreachable(store, 'no connection');
    const value = await call();
    if (fails) throw unreachable(store, 'the connection broke');
    return value;
  };
}

export function faultyTopics(topics: Topics, attempt: Attempt): Topics {
  const on = <T>(call: () => Promise<T>) => attempt('the topics', call);
  return {
    ...topics,
    publisher: (id) => on(async () => faultyPublisher(await topics.publisher(id), attempt)),
    consumer: async (options) => {
      const consumer = await topics.consumer(options);
      try {
        return await on(async () => faultyConsumer(consumer, attempt));
      } catch (error) {
        // A member that nobody holds is soon put out of its group.
        await consumer.close();
        throw error;
      }
    },
    ends: (topic) => on(() => topics.ends(topic)),
    read: (from, options) => on(() => topics.read(from, options)),
    readBackwards: (from, options) => on(() => topics.readBackwards(from, options)),
    committed: (group, topic) => on(() => topics.committed(group, topic)),
    lag: (group, topic) => on(() => topics.lag(group, topic)),
  };
}

function faultyPublisher(publisher: Publisher, attempt: Attempt): Publisher {
  return {
    publish: (batches) => attempt('the topics', () => publisher.publish(batches)),
    close: () => publisher.close(),
  };
}

function faultyConsumer(consumer: Consumer, attempt: Attempt): Consumer {
  const on = <T>(call: () => Promise<T>) => attempt('the topics', call);
  return {
    poll: (options) => on(() => consumer.poll(options)),
    commit: (positions) => on(() => consumer.commit(positions)),
    rewind: () => on(() => consumer.rewind()),
    close: () => consumer.close(),
  };
}

/** Fails what the recorder writes; reads are left alone. */
export function faultyLog(log: TransactionLog, attempt: Attempt): TransactionLog {
  const on = <T>(call: () => Promise<T>) => attempt('the log', call);
  return new Proxy(log, {
    get: (target, name) => {
      switch (name) {
        case 'writeTransactions':
          return (...of: Parameters<TransactionLog['writeTransactions']>) =>
            on(() => target.writeTransactions(...of));
        case 'writeLogs':
          return (...of: Parameters<TransactionLog['writeLogs']>) => on(() => target.writeLogs(...of));
        case 'writeBlock':
          return (...of: Parameters<TransactionLog['writeBlock']>) => on(() => target.writeBlock(...of));
        case 'setCanonical':
          return (...of: Parameters<TransactionLog['setCanonical']>) => on(() => target.setCanonical(...of));
        case 'appendFinal':
          return (...of: Parameters<TransactionLog['appendFinal']>) => on(() => target.appendFinal(...of));
        case 'flush':
          return () => on(() => target.flush());
        default: {
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        }
      }
    },
  });
}
