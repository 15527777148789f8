import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createKubeMetrics } from '../../src/kube/kube-metrics.ts';
import { documentedMetrics, page, unknownMetrics } from './documented.ts';
import { chart, only, rendered, runTool } from './helm.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-alerts-'));
const file = join(folder, 'rules.json');
const known = documentedMetrics();
let groups: readonly { readonly rules: readonly Rule[] }[];
let rules: readonly Rule[];

before(async () => {
  const monitoring = { rules: { enabled: true, runbookPage: 'https://docs.test/monitoring' } };
  const { spec } = only(await rendered({ monitoring }), 'PrometheusRule');
  groups = (spec as { groups: typeof groups }).groups;
  rules = groups.flatMap((group) => group.rules);
  writeFileSync(file, JSON.stringify({ groups }));
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe('the alert rules', () => {
  it('pass promtool, as rendered and as the file is', async () => {
    for (const each of [file, join(chart, 'files/alerts.yaml')]) {
      const { status, stdout, stderr } = await runTool('promtool', ['check', 'rules', each]);
      assert.equal(status, 0, stderr);
      assert.match(stdout, new RegExp(`${rules.length} rules found`));
    }
    assert.ok(rules.length >= 10);
  });

  it('read metrics that are documented', () => {
    for (const { alert, expr } of rules) assert.deepEqual(unknownMetrics(expr, known), [], alert);
    assert.deepEqual(unknownMetrics('sum by (x) (rate(made_up_total{a="b"}[5m])) > 1', known), [
      'made_up_total',
    ]);
  });

  it('have a severity, a summary, and a section of docs/monitoring.md that says what to do', () => {
    const headings: readonly string[] = page('monitoring.md').match(/^### .+$/gm) ?? [];
    for (const { alert, labels, annotations } of rules) {
      assert.match(labels.severity ?? '', /^(critical|warning)$/, alert);
      assert.ok(annotations.summary && annotations.description, alert);
      assert.equal(annotations.runbook_url, `https://docs.test/monitoring#${alert.toLowerCase()}`);
      assert.ok(headings.includes(`### ${alert}`), `docs/monitoring.md has no section ${alert}`);
    }
    assert.equal(headings.filter((each) => each.startsWith('### Millrace')).length, rules.length);
  });

  it('fire when they should, and not before', async () => {
    const of = '{namespace="chains", pipeline="mainnet"';
    const seconds = `millrace_lag_seconds${of}, role="record", group="mainnet.recorder", topic="blocks"}`;
    const failed = `millrace_processor_failed${of}, role="process", owner="cluster", processor="gas", code="SqlFailed"}`;
    const leads = 'leader_election_master_status{job="millrace-operator", name="millrace-operator", pod=';
    const expected = (labels: Readonly<Record<string, string>>) => ({
      exp_alerts: [{ exp_labels: { namespace: 'chains', pipeline: 'mainnet', ...labels } }],
    });
    const at = (time: string, alertname: string, more: object = { exp_alerts: [] }) => ({
      eval_time: time,
      alertname,
      ...more,
    });
    const behind = { severity: 'warning', group: 'mainnet.recorder', topic: 'blocks' };
    const stopped = { severity: 'warning', owner: 'cluster', processor: 'gas', code: 'SqlFailed' };
    const tests = [
      {
        name: 'behind for long, then not',
        interval: '1m',
        input_series: [{ series: seconds, values: '0x4 400x14 10x20' }],
        alert_rule_test: [
          at('3m', 'MillraceBehind'),
          at('12m', 'MillraceBehind'),
          at('17m', 'MillraceBehind', expected(behind)),
          at('22m', 'MillraceBehind'),
        ],
      },
      {
        name: 'a backlog of history is no delay',
        interval: '1m',
        input_series: [{ series: seconds.replace('"blocks"', '"history"'), values: '9000x40' }],
        alert_rule_test: [at('30m', 'MillraceBehind')],
      },
      {
        name: 'SQL that failed, until it is changed',
        interval: '1m',
        input_series: [{ series: failed, values: '0x2 1x5 0x5' }],
        alert_rule_test: [
          at('2m', 'MillraceProcessorFailed'),
          at('4m', 'MillraceProcessorFailed', expected(stopped)),
          at('10m', 'MillraceProcessorFailed'),
        ],
      },
      {
        name: 'a change of leader is not worth waking anybody; nobody for five minutes is',
        interval: '1m',
        input_series: [
          { series: `${leads}"a"}`, values: '1x10 0x30' },
          { series: `${leads}"b"}`, values: '0x12 1x8 0x20' },
        ],
        alert_rule_test: [
          at('13m', 'MillraceNobodyLeads'),
          at('20m', 'MillraceNobodyLeads'),
          at('30m', 'MillraceNobodyLeads', {
            exp_alerts: [{ exp_labels: { severity: 'critical' } }],
          }),
        ],
      },
    ];
    const test = join(folder, 'test.json');
    // What they say is another test's.
    const quiet = groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({ ...rule, annotations: undefined })),
    }));
    writeFileSync(join(folder, 'quiet.json'), JSON.stringify({ groups: quiet }));
    writeFileSync(test, JSON.stringify({ rule_files: ['quiet.json'], evaluation_interval: '1m', tests }));
    const { status, stdout, stderr } = await runTool('promtool', ['test', 'rules', test]);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
  });
});

describe('the dashboard', () => {
  const text = readFileSync(join(chart, 'files/dashboard.json'), 'utf8');
  const { panels } = JSON.parse(text) as {
    readonly panels: readonly {
      readonly title: string;
      readonly type: string;
      readonly gridPos: { readonly x: number; readonly w: number };
      readonly targets?: readonly { readonly expr: string }[];
    }[];
  };

  it('reads metrics that are documented, in queries that Prometheus can parse', async () => {
    const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    assert.ok(queries.length > 20);
    for (const { title, expr } of queries) assert.deepEqual(unknownMetrics(expr, known), [], title);
    const as = join(folder, 'dashboard.json');
    const parsed = queries.map(({ expr }, index) => ({
      record: `panel:query:${index}`,
      expr: expr.replaceAll(/\$(namespace|pipeline)/g, '.*'),
    }));
    writeFileSync(as, JSON.stringify({ groups: [{ name: 'dashboard', rules: parsed }] }));
    const { status, stderr } = await runTool('promtool', ['check', 'rules', as]);
    assert.equal(status, 0, stderr);
  });

  it('shows every figure of docs/metrics.md that a pipeline has, but those of one processor’s insides', () => {
    const rows = page('metrics.md').match(/^\| `millrace_\w+` \|/gm) ?? [];
    const unseen = rows
      .map((row) => row.slice(3, -3))
      .filter((name) => !text.includes(name) && !/_processor_|_coverage_newest/.test(name));
    assert.deepEqual(unseen, []);
  });

  it('comes as the ConfigMap that Grafana’s sidecar looks for', async () => {
    const objects = await rendered({
      monitoring: { dashboard: { enabled: true } },
      uninstallGuard: { enabled: false },
    });
    const { metadata, data } = only(objects, 'ConfigMap') as unknown as {
      metadata: { labels: Record<string, string> };
      data: Record<string, string>;
    };
    assert.equal(metadata.labels.grafana_dashboard, '1');
    assert.deepEqual(JSON.parse(data['millrace.json'] ?? ''), JSON.parse(text));
  });
});

describe('docs/monitoring.md', () => {
  it('has every metric of the controller runtime, and no other', async () => {
    const made = (await createKubeMetrics().registry.getMetricsAsJSON()).map(({ name }) => name);
    const listed = (page('monitoring.md').match(/^\| `[a-z]\w+` \|/gm) ?? []).map((row) => row.slice(3, -3));
    assert.deepEqual(listed.sort(), made.sort());
  });
});
