// `millrace operator`: keeps the Pipelines of a cluster as they are declared.

import { Command } from 'commander';
import { portFlag } from './flags.ts';
import type { OperatorFlags } from './operator/process.ts';

export function operatorCommand(): Command {
  return new Command('operator')
    .summary('keep the Pipelines of a Kubernetes cluster')
    .description(
      'Keeps the Pipelines of a cluster as they are declared (docs/operator.md). Several may run: one leads, the others wait. The chart charts/millrace installs it.',
    )
    .option(
      '--namespace <namespace>',
      'watch this namespace only (repeatable; default: all)',
      (value: string, previous: readonly string[]) => [...previous, value],
      [],
    )
    .option('--metrics-port <port>', 'port of /metrics; 0 takes any free one', portFlag, 8080)
    .option('--health-port <port>', 'port of /healthz and /readyz; 0 takes any free one', portFlag, 8081)
    .option('--leader-election-namespace <namespace>', 'where its Lease is (default: its own namespace)')
    .option('--kubeconfig <file>', 'the cluster (default: KUBECONFIG, ~/.kube/config, or the pod’s own)')
    .option('--geth-image <image>', 'image of chain nodes')
    .option('--consensus-image <image>', 'image of their consensus clients (Lighthouse)')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace operator --kubeconfig ~/.kube/config --leader-election-namespace default
  $ millrace operator --namespace chains --namespace trials

SIGTERM and Ctrl-C stop it cleanly and give the lease back: another one leads within seconds.`,
    )
    .action(async (flags: OperatorFlags) => {
      const { operatorProcess } = await import('./operator/process.ts');
      await operatorProcess(flags);
    });
}
