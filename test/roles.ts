// Roles as processes of their own: started on free ports, watched by their probes and metrics, ended by SIGTERM. And what
// the tests of them ask the node and the results.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplayNode } from '../src/chain/replay/replay-node.ts';
import { systemClock } from '../src/clock.ts';
import { silentLogger } from '../src/logger.ts';
import type { HealthReport } from '../src/status/health.ts';
import { openMariaDbResults } from '../src/stores/results/mariadb/open.ts';
import type { Results } from '../src/stores/results/port.ts';
import { parseStoreUrl } from '../src/stores/store-url.ts';
import type { RawChain } from './expected-results.ts';
import { type MillraceProcess, startMillrace } from './millrace-process.ts';

export interface RunningRole extends MillraceProcess {
  readonly name: string;
  /** Where it listens, with a slash at its end. */
  readonly url: string;
}

/** Starts roles of one manifest; they end with the test, and what they printed is shown when it fails. */
export function rolesOf(
  t: TestContext,
  options: {
    readonly manifest: string;
    readonly env?: Record<string, string>;
    readonly failed: () => boolean;
    /** Runs once all have ended. */
    readonly cleanUp: () => Promise<void>;
  },
): (name: string) => Promise<RunningRole> {
  const { manifest, env = {}, failed, cleanUp } = options;
  const started: { readonly name: string; readonly run: MillraceProcess }[] = [];
  t.after(async () => {
    for (const { name, run } of started) {
      run.child.kill('SIGKILL');
      await run.ended;
      if (failed()) t.diagnostic(`--- ${name}\n${run.output()}`);
    }
    await cleanUp();
  });
  return async (name) => {
    const run = startMillrace(t, [name, '-f', manifest, '--port', '0'], { env });
    started.push({ name, run });
    const url = (await run.printed(/watched at (http\S+\/)readyz/))[1] ?? '';
    return { ...run, name, url };
  };
}

/** Moves the node's head on, each block once the streamer has published the one before. */
export async function head(node: ReplayNode, streamer: RunningRole, to: number): Promise<void> {
  for (;;) {
    await eventually(`${streamer.name} publishes ${node.head()}`, 60_000, async () => {
      assert.equal(await sample(streamer, 'millrace_head_block_number'), node.head());
    });
    if (node.head() >= to) return;
    node.advance();
  }
}

export async function ready(role: RunningRole): Promise<void> {
  await eventually(`${role.name} is ready`, 30_000, async () => {
    const answer = await fetch(`${role.url}readyz`);
    const report = (await answer.json()) as HealthReport;
    assert.deepEqual(
      [answer.status, report.checks.filter(({ ok }) => !ok)],
      [200, []],
      `${role.name}: ${role.output()}`,
    );
  });
  assert.equal((await fetch(`${role.url}healthz`)).status, 200);
  assert.ok((await sample(role, 'process_resident_memory_bytes')) > 0);
}

export async function stopsCleanly(role: RunningRole): Promise<void> {
  const began = performance.now();
  role.child.kill('SIGTERM');
  const { code, stderr } = await role.ended;
  assert.equal(code, 0, `${role.name}: ${stderr}`);
  assert.ok(performance.now() - began < 25_000, `${role.name} took ${performance.now() - began} ms to stop`);
}

/** The sum of a metric's samples; fails when there is none. */
export async function sample(role: RunningRole, name: string): Promise<number> {
  const text = await (await fetch(`${role.url}metrics`)).text();
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.split(' ').at(-1)));
  assert.ok(values.length > 0, `${role.name} has no ${name}:\n${text}`);
  return values.reduce((sum, value) => sum + value, 0);
}

export async function openResults(
  t: TestContext,
  { url, pipeline }: { readonly url: string; readonly pipeline: string },
): Promise<Results> {
  const rules = { where: 'the test', scheme: 'mariadb', defaultPort: 3306 };
  const results = await openMariaDbResults({
    address: parseStoreUrl(url, rules),
    pipeline: { name: pipeline, chainId: 1 },
    ...{ clock: systemClock, logger: silentLogger },
  });
  t.after(() => results.close());
  return results;
}

/** The node's own answers, as they come over RPC. */
export async function rawChain(node: ReplayNode, last = node.chain.last): Promise<RawChain> {
  const ask = async (method: string, ...params: readonly unknown[]) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(node.url, { method: 'POST', headers, body });
    return ((await answer.json()) as { result: never }).result;
  };
  const found: RawChain['blocks'][number][] = [];
  const receipts = new Map<string, never>();
  for (let number = node.chain.first; number <= last; number++) {
    const at = `0x${number.toString(16)}`;
    const block: RawChain['blocks'][number] = await ask('eth_getBlockByNumber', at, true);
    found.push(block);
    receipts.set(block.hash, await ask('eth_getBlockReceipts', at));
  }
  return { blocks: found, receipts };
}

/** Tries until it holds; the last failure is the answer when it never does. */
export async function eventually(what: string, ms: number, holds: () => Promise<void>): Promise<void> {
  const end = performance.now() + ms;
  for (;;) {
    try {
      return await holds();
    } catch (error) {
      if (performance.now() > end) throw new Error(`not within ${ms / 1_000} s: ${what}`, { cause: error });
      await sleep(100);
    }
  }
}
