// `millrace stream`, `record`, `process`, `web`: one role of a Pipeline as a process, on the stores that its manifest
// calls external.

import { Command, InvalidArgumentError } from 'commander';
import { durationPattern, parseDuration } from '../../api/duration.ts';
import { portFlag } from '../flags.ts';
import { processRerunCommand } from '../process-rerun.ts';
import type { Role, RoleName } from './role.ts';
import type { RoleFlags } from './run-role.ts';

/** A role loads no code but its own. */
const roles: Readonly<Record<RoleName, () => Promise<Role>>> = {
  stream: async () => (await import('./stream.ts')).stream,
  record: async () => (await import('./record.ts')).record,
  process: async () => (await import('./process.ts')).process,
  web: async () => (await import('./web.ts')).web,
};

const ports: Readonly<Record<RoleName, number>> = { web: 4680, stream: 4681, record: 4682, process: 4683 };

type Flags = Omit<RoleFlags, 'defaultPort' | 'shutdownTimeout'> & { readonly shutdownTimeout: string };

interface Texts {
  readonly summary: string;
  readonly description: string;
}

export function roleCommands(): readonly Command[] {
  return [
    command('stream', {
      summary: 'read the chain and publish it on the topics',
      description:
        'Reads the chain and publishes it on the topics, which it makes. Only one may publish: one that is started later takes over, and the earlier ends.',
    }).option(
      '--rpc <url>',
      'read from this node instead of the manifest’s (repeatable; http(s), ws(s), ipc)',
      (value: string, previous: readonly string[]) => [...previous, value],
      [],
    ),
    command('record', {
      summary: 'record the topics in the transaction log',
      description:
        'Records the topics in the transaction log, whose keyspace and tables it makes. Any number may run side by side.',
    }),
    command('process', {
      summary: 'run the processors over the transaction log',
      description:
        'Runs the processors over the transaction log into the results. Any number may run side by side.',
    }).addCommand(processRerunCommand()),
    command('web', {
      summary: 'serve the pages and the API',
      description: 'Serves the pages and the API over the stores. Any number may run side by side.',
    }),
  ];
}

function command(name: RoleName, { summary, description }: Texts): Command {
  return new Command(name)
    .summary(summary)
    .description(`${description} Its stores must be \`external\` in the manifest (docs/roles.md).`)
    .requiredOption('-f, --file <manifest>', 'the Pipeline, as YAML')
    .option('--host <address>', `address to listen on (default: ${name}.host of config.yaml, or 127.0.0.1)`)
    .option(
      '--port <port>',
      `port of ${name === 'web' ? 'the pages, ' : ''}/healthz, /readyz and /metrics; 0 takes any free one (default: ${name}.port of config.yaml, or ${ports[name]})`,
      portFlag,
    )
    .option('--shutdown-timeout <duration>', 'how long it may take to stop', timeoutFlag, '25s')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace ${name} -f pipeline.yaml
  $ millrace ${name} -f pipeline.yaml --host 0.0.0.0 --port ${ports[name]}

SIGTERM and Ctrl-C stop it cleanly; the same command goes on where it was.`,
    )
    .action(async (flags: Flags) => {
      const { runRole } = await import('./run-role.ts');
      const shutdownTimeout = parseDuration(flags.shutdownTimeout);
      await runRole(await roles[name](), { ...flags, shutdownTimeout, defaultPort: ports[name] });
    });
}

function timeoutFlag(text: string): string {
  if (new RegExp(durationPattern).test(text)) return text;
  throw new InvalidArgumentError('give a duration such as 25s');
}
