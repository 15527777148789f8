// Asks a pipeline's pods how far behind it is. One pod of a role answers for all of them: the figures come from the stores
// that they share. Silence is no figure of zero: the next pod is asked, and when none answers that is the reading.

import { isIPv6 } from 'node:net';
import { Agent, request } from 'undici';
import type { LiveObject } from '../../kube/object.ts';
import { componentLabel } from '../names.ts';
import { rolePorts } from '../ports.ts';
import type { RoleComponent } from '../role-manifest.ts';
import { parseMetrics, type TextSample } from './metrics-text.ts';
import { known, type OpenWindows, type Reading, type RecorderLag, unknown } from './reading.ts';
import { openWindowsOf, recorderLagOf } from './role-figures.ts';

export interface LagSource {
  /** Ends within seconds, whatever the pods do. @throws the signal's reason */
  recorder(pods: readonly LiveObject[], signal: AbortSignal): Promise<Reading<RecorderLag>>;
  /** Of these components together. @throws the signal's reason */
  windows(
    pods: readonly LiveObject[],
    components: readonly RoleComponent[],
    signal: AbortSignal,
  ): Promise<Reading<OpenWindows>>;
  close(): Promise<void>;
}

const answerMs = 2_000;
const longestAnswer = 2 * 2 ** 20;
/** Of one role, before it counts as silent. */
const mostAsked = 2;
/** Who knows how far the recorders are, best first. */
const lagTellers: readonly RoleComponent[] = ['recorder', 'streamer', 'web'];

/** `addressOf`: where a pod answers /metrics, `host:port`; undefined while it has no address. */
export function createLagSource(addressOf: typeof podAddress = podAddress): LagSource {
  const agent = new Agent({ connections: 1, connect: { timeout: answerMs }, keepAliveTimeout: 1_000 });
  /** Turns with every question, so that no pod is asked always. */
  let turn = 0;

  const ask = async (address: string, signal: AbortSignal): Promise<readonly TextSample[]> => {
    const { statusCode, body } = await request(`http://${address}/metrics`, {
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    });
    const text = await textOf(body);
    if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
    return parseMetrics(text, 'millrace_');
  };

  const askRole = async <T>(
    pods: readonly LiveObject[],
    component: RoleComponent,
    read: (samples: readonly TextSample[]) => Reading<T>,
    signal: AbortSignal,
  ): Promise<Reading<T>> => {
    const addresses = pods.filter(isOf(component)).flatMap((pod) => addressOf(pod, component) ?? []);
    turn = (turn + 1) % 65_536;
    let problem = `there is no pod of the ${component} to ask`;
    for (let asked = 0; asked < Math.min(mostAsked, addresses.length); asked += 1) {
      const address = addresses[(turn + asked) % addresses.length] ?? '';
      try {
        const reading = read(await ask(address, signal));
        if ('value' in reading) return reading;
        problem = reading.problem;
      } catch (error) {
        signal.throwIfAborted();
        problem = `/metrics of the ${component} cannot be read: ${problemOf(error)}`;
      }
    }
    return unknown(problem);
  };

  return {
    recorder: async (pods, signal) => {
      let first: Reading<RecorderLag> | undefined;
      for (const component of lagTellers) {
        const reading = await askRole(pods, component, recorderLagOf, signal);
        if ('value' in reading) return reading;
        first ??= reading;
      }
      return first ?? unknown('nobody was asked');
    },
    windows: async (pods, components, signal) => {
      let due = 0;
      for (const component of components) {
        const reading = await askRole(pods, component, openWindowsOf, signal);
        if ('problem' in reading) return reading;
        due += reading.value.due;
      }
      return known({ due });
    },
    close: () => agent.destroy(),
  };
}

const isOf =
  (component: RoleComponent) =>
  ({ metadata }: LiveObject): boolean =>
    metadata.labels?.[componentLabel] === component && metadata.deletionTimestamp === undefined;

function podAddress({ status }: LiveObject, component: RoleComponent): string | undefined {
  const { podIP } = (status ?? {}) as { readonly podIP?: string };
  if (podIP === undefined) return undefined;
  return `${isIPv6(podIP) ? `[${podIP}]` : podIP}:${rolePorts[component]}`;
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > longestAnswer) throw new Error(`it answered more than ${longestAnswer} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Node hides what happened in AggregateErrors and causes. */
function problemOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return problemOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${answerMs / 1_000} s`;
  return error.message === '' && error.cause !== undefined ? problemOf(error.cause) : error.message;
}
