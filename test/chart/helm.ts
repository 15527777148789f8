// The chart as helm renders it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { KubeObject } from '../kube/api.ts';
import { kubernetesVersion } from '../kube/binaries.ts';
import { type Tool, tool } from '../kube/tools.ts';

export const root = new URL('../..', import.meta.url).pathname;
export const chart = join(root, 'charts/millrace');
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

export type Values = Readonly<Record<string, unknown>>;

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runTool(name: Tool, args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(await tool(name, say), args, { timeout: 120_000 });
  const said = { stdout: '', stderr: '' };
  for (const output of ['stdout', 'stderr'] as const)
    child[output].setEncoding('utf8').on('data', (text: string) => {
      said[output] += text;
    });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject).once('close', resolve);
  child.stdin.end(input);
  return { status: await promise, ...said };
}

/** `args` come before the values, which helm reads from a file as people's own would be. */
export async function helm(args: readonly string[], values?: Values): Promise<Ran> {
  if (values === undefined) return runTool('helm', args);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-values-'));
  try {
    const file = join(folder, 'values.yaml');
    writeFileSync(file, JSON.stringify(values));
    return await runTool('helm', [...args, '--values', file]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function template(values: Values, namespace = 'millrace-system'): Promise<Ran> {
  const args = ['template', 'test', chart, '--namespace', namespace, '--kube-version', kubernetesVersion];
  return helm(args, values);
}

/** Throws what helm says when it refuses. */
export async function rendered(values: Values, namespace?: string): Promise<readonly KubeObject[]> {
  const { status, stdout, stderr } = await template(values, namespace);
  if (status !== 0) throw new Error(stderr);
  return (loadAll(stdout) as (KubeObject | null)[]).filter((each) => each !== null);
}

/** The one of a kind. */
export function only(objects: readonly KubeObject[], kind: string): KubeObject {
  const [found, ...more] = objects.filter((each) => each.kind === kind);
  if (!found || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} objects of kind ${kind}`);
  return found;
}
