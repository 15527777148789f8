// The list of the API's routes as OpenAPI 3.1, made of the very table that the server answers from: each route is taken
// down as it is added, with the schemas that check its requests.

import { readFileSync } from 'node:fs';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { type About, about } from './about.ts';

type Json = Readonly<Record<string, unknown>>;

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

const packageFile = new URL('../../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

/** Before any route is added. */
export function routeOpenApi(app: FastifyInstance): void {
  const paths: Record<string, Record<string, Json>> = {};
  app.addHook('onRoute', (route) => {
    // The pages are no API.
    if (!isApi(route.url)) return;
    const methods = [route.method].flat().filter((method) => method !== 'HEAD');
    for (const method of methods) {
      const path = route.url.replace(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(method, route) };
    }
  });
  app.get('/api/openapi.json', about('This list'), async () => ({
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description: 'Numbers that can outgrow a JavaScript number are decimal text; absent is null.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'of `millrace token create`' },
      },
      schemas: { Problem: problem },
    },
  }));
}

export function isApi(url: string): boolean {
  return url.startsWith('/api/') || ['/healthz', '/readyz', '/metrics'].includes(url);
}

const problem = {
  type: 'object',
  description: 'An entry of docs/errors.md.',
  properties: {
    code: { type: 'string' },
    message: { type: 'string' },
    remedy: { type: 'string' },
    fields: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
  },
  required: ['code', 'message', 'remedy'],
};

const security: Readonly<Record<NonNullable<About['caller']>, readonly Json[]>> = {
  token: [{ bearer: [] }],
  reader: [{ bearer: [] }, {}],
  owner: [{ bearer: [] }, {}],
  folder: [{ bearer: [] }],
};

const descriptions: Readonly<Partial<Record<NonNullable<About['caller']>, string>>> = {
  owner:
    'What is the cluster’s takes no token; what is a user’s takes a token of that user, unless only the server’s own machine reaches it.',
  folder: 'With the token of the data folder of `millrace run`.',
};

function operationOf(method: string, route: RouteOptions): Json {
  const told = route.config?.about;
  // A route that says nothing of itself is a mistake of ours: the server does not start with it.
  if (!told) throw new Error(`${method} ${route.url} says nothing of itself: give it about(…)`);
  const { summary, caller, status = 200, types = ['application/json'] } = told;
  const schema = route.schema ?? {};
  const parameters = [
    ...parametersOf('path', schema.params as ObjectSchema | undefined),
    ...parametersOf('query', schema.querystring as ObjectSchema | undefined),
  ];
  const content = Object.fromEntries(types.map((type) => [type, {}]));
  return {
    operationId: operationId(method, route.url),
    summary,
    ...(caller ? { security: security[caller] } : {}),
    ...(caller && descriptions[caller] ? { description: descriptions[caller] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(schema.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schema.body } } } }
      : {}),
    responses: {
      [status]: { description: 'Success', ...(status === 204 ? {} : { content }) },
      default: {
        description: 'A problem, with what mends it',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function parametersOf(where: 'path' | 'query', schema: ObjectSchema | undefined): readonly Json[] {
  return Object.entries(schema?.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    // What has a default may be left out.
    required: where === 'path' || (schema?.required?.includes(name) === true && !('default' in rest)),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

/** `getResultsOwnerName` of `GET /api/results/:owner/:name`. */
function operationId(method: string, url: string): string {
  const words = url.replace(/^\/api\//, '/').match(/\w+/g) ?? [];
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
