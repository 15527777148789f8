// `millrace why NAME`: why a Pipeline on a cluster is not ready, down to what the pod itself says.

import { Command, Option } from 'commander';
import { readConfig } from '../config.ts';
import { MillraceError } from '../errors.ts';
import { type ClusterFlags, withCluster, withClusterFlags } from './cluster/cluster-flags.ts';
import { type Explanation, explain } from './cluster/why/explain.ts';
import { renderExplanation } from './cluster/why/render.ts';
import { stopOnSignals } from './parts/stop-on-signals.ts';

interface Flags extends ClusterFlags {
  readonly output?: 'json';
}

export function whyCommand(): Command {
  const command = new Command('why')
    .summary('why a Pipeline is not ready, and what to do')
    .description(
      'Follows the causes: condition, workload, pod, container, events, last words. Each with what to do. Reads only.',
    )
    .argument('<name>', 'the Pipeline');
  return withClusterFlags(command)
    .addOption(new Option('-o, --output <form>', 'json: for programs').choices(['json']))
    .addHelpText(
      'after',
      `
Examples:
  $ millrace why mainnet
  $ millrace why mainnet -n chains -o json
  $ until millrace why mainnet; do sleep 5; done

Exit code 0 when it is ready, 1 when it is not. Logs and events are shown as far as you may read them.`,
    )
    .action(why);
}

async function why(name: string, flags: Flags): Promise<void> {
  const { signal } = stopOnSignals();
  const { facts, namespace } = await withCluster(flags, async ({ client, namespace: usual }) => {
    const { readWhyFacts } = await import('./cluster/why/facts.ts');
    const namespace = flags.namespace ?? usual;
    return { namespace, facts: await readWhyFacts(client, { namespace, name, signal }) };
  });
  if (!facts) throw new MillraceError('PipelineUnknown', { name, namespace });
  const explanation = explain(facts);
  process.stdout.write(`${render(explanation, flags).join('\n')}\n`);
  process.exitCode = explanation.fine ? 0 : 1;
}

function render(explanation: Explanation, { output }: Flags): readonly string[] {
  if (output === 'json') return [JSON.stringify(explanation, null, 2)];
  const { isTTY, columns } = process.stdout;
  const colours = isTTY === true && readConfig().colours;
  return renderExplanation(explanation, { width: isTTY ? columns : 1_000, colours });
}
