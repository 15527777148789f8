import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { aFolder, millrace, startMillrace } from '../../test/millrace-process.ts';

test('status of a process on this machine: by its data folder, by its address, as JSON', async (t) => {
  const folder = aFolder(t);
  const data = join(folder, 'data');
  const manifest = join(import.meta.dirname, '../../examples/pipeline.yaml');
  const run = startMillrace(t, ['run', '-f', manifest, '--data', data, '--port', '0']);
  const url = (await run.printed(/pages at (http\S+)\/"/))[1] ?? '';
  for (const place of [
    ['--data', data],
    ['--url', url],
  ]) {
    const { code, stdout, stderr } = await millrace(t, 'status', ...place);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^\S+ {2}chain 1 {2}(starting|running)[\s\S]*\nhead +[\s\S]*\nstreamer [\s\S]*\ncoverage /,
    );
    assert.ok(!stdout.includes('Ctrl-C'), stdout);
  }
  const json = JSON.parse((await millrace(t, 'status', '--url', url, '-o', 'json')).stdout);
  assert.deepEqual([json.chainId, json.stages.length], [1, 3]);
  run.child.kill('SIGTERM');
  await run.ended;
  const gone = await millrace(t, 'status', '--data', data);
  assert.equal(gone.code, 3);
  assert.match(gone.stderr, /PipelineGone: .*no process has it open/);
});

test('flags that do not go together, and addresses that are none, are told', async (t) => {
  const cases: readonly (readonly [args: readonly string[], problem: RegExp])[] = [
    [['chain', '--url', 'http://127.0.0.1:1'], /give --data or --url, and no name/],
    [['--url', 'nonsense'], /nonsense is no http\(s\) address/],
    [['chain', '-A', '--kubeconfig', '/nowhere'], /give a name, or -A/],
  ];
  for (const [args, problem] of cases) {
    const { code, stderr } = await millrace(t, 'status', ...args);
    assert.equal(code, 2);
    assert.match(stderr, problem);
  }
});
