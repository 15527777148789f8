// `millrace explain`: what a field of a manifest is for.

import { Command } from 'commander';
import { explainField } from '../api/explain.ts';

export function explainCommand(): Command {
  return new Command('explain')
    .summary('describe a field of a manifest')
    .description(
      'Describes a field of a manifest or of its status: what it is for, what it holds, what it is when left out.',
    )
    .argument('<field>', 'such as pipeline.transactionLog.retention')
    .addHelpText(
      'after',
      '\nExamples:\n  $ millrace explain pipeline\n  $ millrace explain pipeline.transactionLog.retention\n  $ millrace explain pipeline.status.lag',
    )
    .action((field: string) => {
      process.stdout.write(`${explainField(field).join('\n')}\n`);
    });
}
