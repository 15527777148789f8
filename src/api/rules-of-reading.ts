// Rules whose local half is in read-pipeline.ts, which knows what the document itself says and can name the item: here is
// what the API server checks.

import type { Rule } from './rule.ts';

/** The store slots, below `spec`. */
export const storePaths = [
  'topics.kafka',
  'transactionLog.cassandra',
  'results.mariadb',
  'web.metadata.mongodb',
] as const;

/** Only a minimum that somebody wrote: the server fills in none. */
export const storesHoldReplicationFactor: readonly Rule[] = storePaths.map((path) => ({
  rule: [
    `!has(self.${path}.managed)`,
    `!has(self.${path}.managed.replicas)`,
    `!has(self.${path}.managed.replicas.min)`,
    `self.${path}.managed.replicas.min >= self.replicationFactor`,
  ].join(' || '),
  message: 'must not be below spec.replicationFactor: raise it, or lower the factor',
  fieldPath: `.${path}.managed.replicas.min`,
}));

const seconds = (text: string): string =>
  `int(${text}.substring(0, ${text}.size() - 1)) * {'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[${text}.substring(${text}.size() - 1)]`;
const isDuration = (text: string): string => `${text}.matches('^[0-9]+[smhd]$')`;

export const windowsWithinRetention: Rule = {
  rule: `!${isDuration('self.transactionLog.retention')} || self.processors.all(p, !${isDuration('p.window')} || ${seconds('p.window')} < ${seconds('self.transactionLog.retention')})`,
  message: 'must have windows below spec.transactionLog.retention: a longer one would never be whole',
  fieldPath: '.processors',
};
