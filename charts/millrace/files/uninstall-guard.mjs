// Runs before `helm uninstall`, in the operator's image: fails while Pipelines exist, and names them. Their finalizer is
// the operator's, so without it they, and their namespaces, could never be deleted.
// Arguments: the namespaces to look into; none: all.
import { readFileSync } from 'node:fs';
import { get } from 'node:https';

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';
const token = readFileSync(process.env.TOKEN_FILE ?? `${mounted}/token`, 'utf8').trim();
const ca = readFileSync(process.env.CA_FILE ?? `${mounted}/ca.crt`);
const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
const group = '/apis/millrace.dev/v1alpha1';

/** @returns {Promise<{ status: number, body: string }>} */
function ask(path) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  get({ host, port, path, ca, headers, timeout: 20_000 }, (answer) => {
    let body = '';
    answer.setEncoding('utf8');
    answer.on('data', (text) => {
      body += text;
    });
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    answer.on('error', reject);
  })
    .on('timeout', function () {
      this.destroy(new Error('the API server does not answer'));
    })
    .on('error', reject);
  return promise;
}

/** Names of the Pipelines under one path. */
async function pipelines(path) {
  const { status, body } = await ask(`${path}/pipelines?limit=20`);
  // No such kind, or no such namespace: then there are none.
  if (status === 404) return [];
  if (status !== 200) throw new Error(`the API server answers ${status}: ${body.slice(0, 300)}`);
  return JSON.parse(body).items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
}

try {
  const namespaces = process.argv.slice(2);
  const paths = namespaces.length === 0 ? [group] : namespaces.map((name) => `${group}/namespaces/${name}`);
  const found = (await Promise.all(paths.map(pipelines))).flat();
  if (found.length > 0) {
    const names = `${found.slice(0, 10).join(', ')}${found.length > 10 ? ', …' : ''}`;
    process.stderr.write(
      `Pipelines exist: ${names}. Delete them first (kubectl delete pipeline), wait until they are gone, and run helm uninstall again. To leave them without an operator: helm uninstall --no-hooks.\n`,
    );
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(
    `cannot tell whether Pipelines exist: ${error instanceof Error ? error.message : error}\n`,
  );
  process.exitCode = 1;
}
