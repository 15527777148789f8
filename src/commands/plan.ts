// `millrace plan`: what a manifest would change on a cluster. Writes nothing.

import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { load } from 'js-yaml';
import { readManifest } from '../api/read-manifest.ts';
import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import type { KubeObject } from '../kube/object.ts';
import { createLogger } from '../logger.ts';
import { type ClusterFlags, ownVersion, withCluster, withClusterFlags } from './cluster/cluster-flags.ts';
import type { PipelinePlan } from './cluster/plan/plan-pipeline.ts';
import { renderPlan } from './cluster/plan/render-plan.ts';
import { stopOnSignals } from './parts/stop-on-signals.ts';

interface Flags extends ClusterFlags {
  readonly file: string;
  readonly output?: 'json';
}

export function planCommand(): Command {
  const command = new Command('plan')
    .summary('what a manifest would change on a cluster; writes nothing')
    .description(
      'Shows, field by field, what would change on a cluster if the manifest were applied: the Pipeline, and what the operator would make of it. The API server answers as if it had stored it, and stores nothing.',
    )
    .requiredOption('-f, --file <manifest>', 'the Pipeline, as YAML');
  return withClusterFlags(command)
    .addOption(new Option('-o, --output <form>', 'json: for programs').choices(['json']))
    .addHelpText(
      'after',
      `
Examples:
  $ millrace plan -f pipeline.yaml
  $ millrace plan -f pipeline.yaml -n chains -o json
  $ millrace plan -f pipeline.yaml && kubectl apply -f pipeline.yaml

Exit code 0; 1 when something would be refused. It needs the right to patch what it plans, because the server is asked as
if it were done, and to read the namespace's Secrets, because a changed one replaces pods.`,
    )
    .action(plan);
}

async function plan(flags: Flags): Promise<void> {
  const { signal } = stopOnSignals();
  const { metadata } = await readManifest(flags.file);
  const document = load(await readFile(flags.file, 'utf8')) as KubeObject;
  const planned = await withCluster(flags, async ({ client, namespace: usual }) => {
    const { planPipeline } = await import('./cluster/plan/plan-pipeline.ts');
    const namespace = flags.namespace ?? metadata.namespace ?? usual;
    return planPipeline(
      { ...document, metadata: { ...document.metadata, namespace } },
      { client, clock: systemClock, logger: createLogger({ level: 'warn' }), signal, version: ownVersion() },
    );
  });
  process.stdout.write(`${render(planned, flags).join('\n')}\n`);
  process.exitCode = planned.changes.some(({ action }) => action === 'refused') ? 1 : 0;
}

function render(planned: PipelinePlan, { output }: Flags): readonly string[] {
  if (output === 'json') return [JSON.stringify(planned, null, 2)];
  const { isTTY, columns } = process.stdout;
  return renderPlan(planned, {
    width: isTTY ? columns : 1_000,
    colours: isTTY === true && readConfig().colours,
  });
}
