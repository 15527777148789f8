// The command line: one line per command. Every failure ends in one line on standard error and an exit code.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { auditCommand } from './commands/audit.ts';
import { checkCommand } from './commands/check.ts';
import { explainCommand } from './commands/explain.ts';
import { operatorCommand } from './commands/operator.ts';
import { planCommand } from './commands/plan.ts';
import { queryCommand } from './commands/query.ts';
import { replayCommand } from './commands/replay.ts';
import { roleCommands } from './commands/roles/commands.ts';
import { runCommand } from './commands/run/run.ts';
import { statusCommand } from './commands/status.ts';
import { tokenCommand } from './commands/token.ts';
import { userCommand } from './commands/user.ts';
import { whyCommand } from './commands/why.ts';
import { describeError, isMillraceError } from './errors.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('millrace')
  .description('Blockchain transaction pipelines: chain → topics → transaction log → tables that you own.')
  .version(version)
  .showSuggestionAfterError()
  .addCommand(runCommand())
  .addCommand(queryCommand())
  .addCommand(checkCommand())
  .addCommand(explainCommand())
  .addCommand(replayCommand())
  .addCommand(statusCommand())
  .addCommand(whyCommand())
  .addCommand(planCommand())
  .addCommand(userCommand())
  .addCommand(tokenCommand())
  .addCommand(auditCommand())
  .addHelpText(
    'after',
    `
Examples:
  $ millrace run -f examples/pipeline.yaml
  $ millrace query 'SELECT count(*) FROM transactions' -f examples/pipeline.yaml
  $ millrace explain pipeline.transactionLog.retention
  $ millrace record -f pipeline.yaml      # a role alone, on stores of your own (docs/roles.md)
  $ millrace plan -f pipeline.yaml        # what it would change on a cluster; writes nothing
  $ millrace status -A                    # Pipelines on a cluster: is each fine, how far behind
  $ millrace why mainnet                  # why one is not ready, and what to do

Each command has its own --help with examples.`,
  );

for (const command of roleCommands()) program.addCommand(command);
program.addCommand(operatorCommand());
const withHelp = (command: Command): void => {
  command.exitOverride().showHelpAfterError('(run with --help for options and examples)');
  command.commands.forEach(withHelp);
};
program.commands.forEach(withHelp);

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.exitOverride().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has printed its own message: help and version end well, a wrong flag does not.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`millrace: ${describeError(error)}\n`);
  if (isMillraceError(error)) {
    for (const line of error.details) process.stderr.write(`  ${line}\n`);
    return error.exitCode;
  }
  if (error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
  return 1;
}
