// `millrace …` as a user runs it: a process of its own, its output, its exit code.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { dump } from 'js-yaml';

const root = new URL('..', import.meta.url).pathname;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MillraceProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** All it has printed so far, both streams. */
  output(): string;
  /** Resolves with the match once the output has it; rejects when the process ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Killed with the test at the latest. */
export function startMillrace(
  t: TestContext,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): MillraceProcess {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'src/main.ts'), ...args],
    {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const output = () => `${stdout}${stderr}`;
  return {
    child,
    ended,
    output,
    printed: async (pattern) => {
      let over = false;
      void ended.then(() => {
        over = true;
      });
      for (;;) {
        const match = pattern.exec(output());
        if (match) return match;
        if (over) throw new Error(`ended without printing ${pattern}:\n${output()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

export async function millrace(t: TestContext, ...args: readonly string[]): Promise<Ended> {
  return startMillrace(t, args).ended;
}

export function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface ManifestOptions {
  readonly url: string;
  readonly chainId?: number;
  readonly start?: string | number;
  readonly finality?: { readonly depth: number } | { readonly tag: 'finalized' };
  readonly retention?: string;
  /** Blocks with their logs. Default true. */
  readonly logs?: boolean;
  readonly processors?: readonly {
    readonly name: string;
    readonly window: string;
    readonly sql: string;
    readonly owner?: string;
    readonly source?: 'log' | 'topic';
    readonly engine?: 'duckdb' | 'spark' | 'auto';
    readonly output?: 'table' | 'csv' | 'parquet';
  }[];
}

/** Writes a Pipeline manifest into the folder; answers its path. */
export function aManifest(folder: string, options: ManifestOptions): string {
  const managed = { managed: {} };
  const file = join(folder, 'pipeline.yaml');
  const spec = {
    chain: {
      ethereum: {
        chainId: options.chainId ?? 1,
        endpoints: [{ url: options.url }],
        start: options.start ?? 'earliest',
        ...(options.finality ? { finality: options.finality } : {}),
        ...(options.logs === undefined ? {} : { logs: options.logs }),
      },
    },
    topics: { kafka: managed },
    transactionLog: { cassandra: managed, retention: options.retention ?? 'forever' },
    results: { mariadb: managed },
    processors: options.processors ?? [],
  };
  writeFileSync(
    file,
    dump(
      { apiVersion: 'millrace.dev/v1alpha1', kind: 'Pipeline', metadata: { name: 'test' }, spec },
      { noRefs: true },
    ),
  );
  return file;
}

/** The files of the blocks that the project carries. */
export const mainnetFiles = ['blocks', 'receipts'].map((kind) =>
  join(root, `examples/mainnet/mainnet-run-17686110-17686132.${kind}.ndjson.gz`),
);

/** The processors of examples/pipeline.yaml, in short. */
export const exampleProcessors = [
  {
    name: 'gas-by-window',
    window: '1m',
    sql: 'SELECT count(*) AS transactions, sum(receipt_gas_used) AS gas_used, sum(receipt_gas_used * receipt_effective_gas_price) AS fees_wei FROM transactions',
  },
  {
    name: 'transfers-by-token',
    window: '1m',
    sql: 'SELECT token_address, count(*) AS transfers, uint256_sum(value) AS amount FROM transfers GROUP BY token_address',
  },
] as const;
