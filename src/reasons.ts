// Why a condition of a Pipeline is as it is: what each reason means and how to look further. Those of failures have their
// sentence and remedy in the catalogue of errors. `make docs` writes a page for each under docs/reasons/.

import { catalogue, type ErrorCode } from './errors.ts';

interface Reason {
  /** Conditions that may have it. */
  readonly of: readonly string[];
  readonly means: string;
  /** Commands that show more; NAME is the Pipeline's. */
  readonly look?: readonly string[];
}

const steps = ['WebReady', 'NodesReady', 'StreamerReady', 'RecorderReady', 'ProcessorsReady'];
const why = 'millrace why NAME';

/** No failures: they say what is so. */
const states: Readonly<Record<string, Reason>> = {
  Ready: { of: ['Ready', ...steps], means: 'What was asked for is there and works.' },
  Named: {
    of: ['StoresReachable'],
    means:
      'Every address of a store is given, and every Secret that holds one is there. Whether a store answers its roles say: their readiness follows it.',
  },
  NothingToRun: {
    of: steps,
    means: 'The Pipeline asks for nothing of this kind, so there is nothing to wait for.',
  },
  Starting: {
    of: steps,
    means:
      'Its pods were made a moment ago, or are being replaced, and nothing is wrong with them so far. It passes by itself; if it does not, another reason takes its place within ten minutes.',
    look: [why],
  },
  WaitsForEarlier: {
    of: steps,
    means:
      'Its turn has not come: the message names the step that it waits for. What runs already goes on meanwhile. Look at that step.',
    look: [why],
  },
  Growing: {
    of: ['NodesReady'],
    means:
      'A volume is being made larger, as `spec.chain.ethereum.nodes.storage` asks for. It passes by itself.',
  },
  Paused: {
    of: ['Paused'],
    means:
      '`spec.paused` is true: the operator changes nothing but this condition. What runs goes on. Set it to false to go on.',
  },
  Stopped: {
    of: ['Stopped', 'Ready', ...steps],
    means:
      '`spec.stopped` is true and everything is at zero. Data stay. Set it to false to start again, in order, with as many pods as there were.',
  },
  Stopping: {
    of: ['Stopped', ...steps],
    means: '`spec.stopped` is true and stages end, the last one first, each once the one after it has ended.',
  },
  Deleting: {
    of: ['Deleting', 'Ready'],
    means:
      'The Pipeline is being deleted: stages end in reverse order, then everything goes that it owns. External stores are never touched.',
    look: [why],
  },
  LagKnown: {
    of: ['ScalingActive'],
    means: 'The lag of recorders and processors can be read, and their numbers follow it (docs/scaling.md).',
  },
};

const pods = ['kubectl get pods -l app.kubernetes.io/instance=NAME', why];

const failures: Partial<Record<ErrorCode, Reason>> = {
  ManifestInvalid: {
    of: ['Ready'],
    means:
      'The spec has a problem that the API server could not refuse when it was applied. Every problem is named with its path. Nothing is changed until it is mended; what runs goes on.',
    look: [
      'kubectl get pipeline NAME -o jsonpath=\'{.status.conditions[?(@.type=="Ready")].message}\'',
      'millrace check -f pipeline.yaml',
    ],
  },
  SecretNotFound: {
    of: ['StoresReachable', 'Ready'],
    means:
      'A Secret that the spec names is not in the namespace of the Pipeline. It is seen as soon as it is there.',
    look: ['kubectl get secrets'],
  },
  SecretKeyNotFound: {
    of: ['StoresReachable', 'Ready'],
    means: 'The Secret is there and does not have that key. Keys are case-sensitive.',
    look: ['kubectl describe secret SECRET'],
  },
  SecretNamesCollide: {
    of: ['StoresReachable', 'Ready'],
    means:
      'Roles get Secrets as variables NAME_KEY, in upper case with _ for everything that is neither letter nor digit. Two of them would be one variable.',
  },
  StoreManaged: {
    of: ['StoresReachable', 'Ready'],
    means:
      'The operator runs Pipelines on stores of your own; it does not run stores. Give `external` with an address for each.',
  },
  ObjectForeign: {
    of: [...steps, 'Ready'],
    means:
      'An object has the name that one of the Pipeline would have, and belongs to somebody else. It is neither taken over nor changed; whatever needs it waits.',
    look: ['kubectl get KIND OBJECT -o yaml', 'millrace plan -f pipeline.yaml'],
  },
  ObjectRefused: {
    of: [...steps, 'Ready'],
    means:
      'The API server does not take an object of the Pipeline: a quota, an admission policy, or a right that the operator lacks. Its sentence is in the message.',
    look: ['millrace plan -f pipeline.yaml', 'kubectl get resourcequotas'],
  },
  WorkloadNotReady: {
    of: [...steps, 'Ready'],
    means:
      'A workload has fewer ready pods than the next step needs, or pods of the present template are not ready. The message has what the first of them says.',
    look: pods,
  },
  RolloutStuck: {
    of: [...steps, 'Ready'],
    means:
      'New pods have not become ready for ten minutes. The old ones go on, and steps behind it are not changed.',
    look: ['kubectl rollout status deployment/NAME-ROLE', ...pods],
  },
  LagUnknown: {
    of: ['ScalingActive'],
    means:
      'For a minute no pod has told how far the recorders or processors are behind: none is there, the operator cannot reach their /metrics, or their store does not answer them. Numbers stay as they are, within min and max (docs/scaling.md); everything else goes on.',
    look: ['kubectl get --raw /api/v1/namespaces/NAMESPACE/pods/POD:http/proxy/metrics', why],
  },
};

export const reasons: Readonly<Record<string, Reason>> = { ...states, ...failures };

const folder = 'docs/reasons';

/** File → text. */
export function reasonPages(): ReadonlyMap<string, string> {
  const names = Object.keys(reasons).sort();
  const index = [
    '# Reasons',
    '',
    'Why a condition of a Pipeline is as it is. Written from `src/reasons.ts` by `make docs`.',
    '',
    '| reason | conditions | failure |',
    '| --- | --- | --- |',
    ...names.map(
      (name) =>
        `| [${name}](${name}.md) | ${reasons[name]?.of.join(', ')} | ${name in failures ? 'yes' : ''} |`,
    ),
    '',
  ];
  const pages = names.map((name): [string, string] => [`${folder}/${name}.md`, page(name, reasons[name])]);
  return new Map([[`${folder}/README.md`, index.join('\n')], ...pages]);
}

function page(name: string, reason: Reason | undefined): string {
  const { of, means, look = [] } = reason ?? { of: [], means: '' };
  const error = name in failures ? catalogue[name as ErrorCode] : undefined;
  return [
    `# ${name}`,
    '',
    `Of ${of.map((type) => `\`${type}\``).join(', ')}.`,
    '',
    means,
    ...(error ? ['', `> ${error.message}`, '', `To mend it: ${error.remedy}.`] : []),
    ...(look.length > 0 ? ['', '```sh', ...look, '```'] : []),
    '',
  ].join('\n');
}
