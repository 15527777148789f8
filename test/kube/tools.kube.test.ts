import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect } from './api.ts';
import { type KubeCluster, startCluster } from './cluster.ts';
import { writeSchemas } from './schemas.ts';
import { type Tool, tool } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-kube-tools-'));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
let cluster: KubeCluster;
let schemas: string;

before(async () => {
  cluster = await startCluster({ folder: join(folder, 'cluster'), detached: false, say });
  const admin = connect(cluster.kubeconfig);
  schemas = await writeSchemas(admin, join(folder, 'schemas'));
  await admin.close();
});
after(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('helm and kubeconform', () => {
  it('pass a chart whose objects are as the server has them, and name what is not', async () => {
    const chart = join(folder, 'chart');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: mill\nversion: 1.0.0\n');
    writeFileSync(
      join(chart, 'templates/all.yaml'),
      `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: {{ .Release.Name }}}
spec: {minAvailable: {{ .Values.least }}, selector: {matchLabels: {app: mill}}}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec:
  ports: [{port: 80, targetPort: http}]
  {{ .Values.field }}: {app: mill}
`,
    );
    const check = async (field: string) => {
      const values = ['--set', `field=${field},least=50%`];
      const rendered = await run('helm', ['template', 'test', chart, ...values]);
      assert.equal(rendered.status, 0, rendered.stderr);
      const flags = ['-strict', '-summary', '-schema-location', schemas, '-'];
      return run('kubeconform', flags, rendered.stdout);
    };
    const good = await check('selector');
    assert.equal(good.status, 0, good.stdout);
    assert.match(good.stdout, /Valid: 2, Invalid: 0, Errors: 0, Skipped: 0/);
    const bad = await check('selectr');
    assert.equal(bad.status, 1);
    assert.match(bad.stdout, /selectr/);
  });
});

describe('promtool', () => {
  it('passes rules that can be evaluated, and refuses others', async () => {
    const file = join(folder, 'rules.yaml');
    const check = (expr: string) => {
      const rule = { alert: 'Behind', expr, for: '5m', labels: { severity: 'warning' } };
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'millrace', rules: [rule] }] }));
      return run('promtool', ['check', 'rules', file]);
    };
    const good = await check('max by (pipeline) (millrace_lag_seconds) > 60');
    assert.equal(good.status, 0, good.stderr);
    const bad = await check('max by (pipeline) (millrace_lag_seconds > 60');
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /unclosed left parenthesis/);
  });
});

async function run(name: Tool, args: readonly string[], input = '') {
  return spawnSync(await tool(name, say), args, { input, encoding: 'utf8', timeout: 60_000 });
}
