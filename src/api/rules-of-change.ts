// What may never become of a pipeline. A wrong value can be mended for as long as nothing was read with it. Only the API server
// knows what was there before: these rules have no local half.

import type { Rule } from './rule.ts';

const unread = '!has(oldSelf.status) || !has(oldSelf.status.head)';

export const chainStays: Rule = {
  rule: `${unread} || self.spec.chain.ethereum.chainId == oldSelf.spec.chain.ethereum.chainId`,
  message:
    'must stay as it is: topics, log and tables hold blocks of that chain. Make another pipeline for another chain',
  fieldPath: '.spec.chain.ethereum.chainId',
};

/** From the first moment: the log is marked when it is made, before anything is read. */
export const logsStay: Rule = {
  rule: 'self.spec.chain.ethereum.logs == oldSelf.spec.chain.ethereum.logs',
  message:
    'must stay as it is: the log is made for blocks with their logs, or without. Make another pipeline for the other',
  fieldPath: '.spec.chain.ethereum.logs',
};

export const partitionsStay: Rule = {
  rule: `${unread} || self.spec.topics.partitions == oldSelf.spec.topics.partitions`,
  message:
    'must stay as it is: records of one block would change partition. Make another pipeline for another number',
  fieldPath: '.spec.topics.partitions',
};

export const volumesOnlyGrow: Rule = {
  rule: '!isQuantity(self.storage) || quantity(self.storage).compareTo(quantity(oldSelf.storage)) >= 0',
  message:
    'must not shrink: volumes only grow. For smaller ones take it out, and put it back once it is gone',
  fieldPath: '.storage',
};
