// `millrace status`: is it fine, and how far behind. Of the Pipelines on a cluster, or of a process on this machine.

import { Argument, Command, Option } from 'commander';
import { pipelineKind } from '../api/kinds.ts';
import { readConfig } from '../config.ts';
import { MillraceError } from '../errors.ts';
import type { ClusterConnection } from '../kube/connect-cluster.ts';
import { type ClusterFlags, withCluster, withClusterFlags } from './cluster/cluster-flags.ts';
import { type PipelineFacts, pipelineFacts } from './cluster/status/pipeline-facts.ts';
import { renderList } from './cluster/status/render-list.ts';
import { renderOne } from './cluster/status/render-one.ts';
import { showAgain } from './cluster/status/watch.ts';
import { stopOnSignals } from './parts/stop-on-signals.ts';

interface Flags extends ClusterFlags {
  readonly allNamespaces?: true;
  readonly output?: 'json' | 'wide';
  readonly watch?: true;
  readonly data?: string;
  readonly url?: string;
}

export function statusCommand(): Command {
  const command = new Command('status')
    .summary('is it fine, and how far behind')
    .description(
      'Shows the Pipelines on a cluster: whether each is ready, how far behind, and in a line what is wrong. With --data or --url: a process outside of one.',
    )
    .addArgument(new Argument('[name]', 'one Pipeline, stage by stage'));
  return withClusterFlags(command)
    .option('-A, --all-namespaces', 'of every namespace')
    .addOption(
      new Option('-o, --output <form>', 'json: for programs; wide: more columns').choices(['json', 'wide']),
    )
    .option('-w, --watch', 'again every two seconds, until Ctrl-C')
    .option('--data <folder>', 'of the `millrace run` that has this data folder')
    .option('--url <address>', 'of the `millrace run` or `millrace web` at this address')
    .addHelpText(
      'after',
      `
Examples:
  $ millrace status                       # all Pipelines of the namespace
  $ millrace status -A -o wide            # of the cluster, with pods, coverage and version
  $ millrace status mainnet -n chains --watch
  $ millrace status mainnet -o json
  $ millrace status --data data/mainnet   # of \`millrace run\` on this machine
  $ millrace status --url http://127.0.0.1:4680/

Why one is not ready: millrace why NAME.`,
    )
    .action(status);
}

async function status(name: string | undefined, flags: Flags): Promise<void> {
  const { signal } = stopOnSignals();
  if (flags.data !== undefined || flags.url !== undefined) return ofProcess(name, flags, signal);
  if (name !== undefined && flags.allNamespaces)
    throw new MillraceError('UsageInvalid', { problem: 'give a name, or -A for all of them' });
  await withCluster(flags, async (cluster) =>
    show(async () => draw(await readFacts(cluster, { name, flags, signal }), { name, flags }), {
      flags,
      signal,
    }),
  );
}

async function readFacts(
  { client, namespace: usual }: ClusterConnection,
  {
    name,
    flags,
    signal,
  }: { readonly name: string | undefined; readonly flags: Flags; readonly signal: AbortSignal },
): Promise<readonly PipelineFacts[]> {
  const namespace = flags.namespace ?? usual;
  const { resource } = pipelineKind;
  if (name !== undefined) {
    const live = await client.get(resource, { namespace, name }, { signal });
    if (!live) throw new MillraceError('PipelineUnknown', { name, namespace });
    return [pipelineFacts(live)];
  }
  const { items } = await client.list(resource, { signal, ...(!flags.allNamespaces && { namespace }) });
  return items.map(pipelineFacts);
}

function draw(
  pipelines: readonly PipelineFacts[],
  { name, flags }: { readonly name: string | undefined; readonly flags: Flags },
): readonly string[] {
  const [first] = pipelines;
  if (flags.output === 'json') return [JSON.stringify(name === undefined ? pipelines : first, null, 2)];
  const look = { ...terminal(), now: Date.now() };
  if (name !== undefined && first) return renderOne(first, look);
  if (!first) return ['there are no Pipelines here; -A shows those of every namespace'];
  const wide = flags.output === 'wide';
  return renderList(pipelines, { ...look, wide, namespaces: flags.allNamespaces === true });
}

async function ofProcess(name: string | undefined, flags: Flags, signal: AbortSignal): Promise<void> {
  if (name !== undefined || flags.allNamespaces || (flags.data !== undefined && flags.url !== undefined))
    throw new MillraceError('UsageInvalid', { problem: 'give --data or --url, and no name with it' });
  const { statusOfAddress, statusOfFolder } = await import('./cluster/status/local.ts');
  const { renderPanel } = await import('./run/render-panel.ts');
  const { url, read } =
    flags.data === undefined ? statusOfAddress(flags.url ?? '', signal) : statusOfFolder(flags.data, signal);
  const panel = async (): Promise<readonly string[]> => {
    const figures = await read();
    if (flags.output === 'json') return [JSON.stringify(figures, null, 2)];
    // Its last line is for who runs it.
    return renderPanel(figures, { ...terminal(), height: process.stdout.rows ?? 1_000, url }).slice(0, -1);
  };
  await show(panel, { flags, signal });
}

async function show(
  lines: () => Promise<readonly string[]>,
  { flags, signal }: { readonly flags: Flags; readonly signal: AbortSignal },
): Promise<void> {
  if (flags.watch) return showAgain(lines, { screen: process.stdout, signal });
  for (const line of await lines()) process.stdout.write(`${line}\n`);
}

/** Of no terminal: as wide as the text, without colours. */
function terminal(): { readonly width: number; readonly colours: boolean } {
  const { isTTY, columns } = process.stdout;
  return { width: isTTY ? columns : 1_000, colours: isTTY === true && readConfig().colours };
}
