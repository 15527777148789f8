import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ErrorAnswer } from './answers.ts';
import { openWebFixture, type WebFixture } from './web.fixture.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: object;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly Record<string, readonly string[]>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, { readonly type: string; readonly scheme: string }>>;
  };
}

let fixture: WebFixture;
let list: Document;
before(async () => {
  fixture = await openWebFixture();
  list = (await (await fetch(new URL('/api/openapi.json', fixture.web.url))).json()) as Document;
});
after(async () => fixture.close());

const operations = () =>
  Object.entries(list.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

test('every route that the sources add is in the list, and nothing else is', () => {
  const folder = import.meta.dirname;
  const added = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(name))
    .flatMap((name) => [
      ...readFileSync(join(folder, name), 'utf8').matchAll(/app\.(get|put|post|patch|delete)\(\s*'([^']+)'/g),
    ])
    .map(([, method, url]) => `${method} ${url?.replace(/:(\w+)/g, '{$1}')}`);
  assert.ok(added.length > 30);
  const listed = operations().map(({ path, method }) => `${method} ${path}`);
  assert.deepEqual(listed.sort(), added.sort());
});

test('every route of the list is there', async () => {
  for (const { path, method } of operations()) {
    if (path.endsWith('/events')) continue; // It would stay open.
    const url = path.replace(/\{\w+\}/g, '0');
    const answer = await fetch(new URL(url, fixture.web.url), { method: method.toUpperCase() });
    const isJson = answer.headers.get('content-type')?.startsWith('application/json');
    const body = isJson ? ((await answer.json()) as Partial<ErrorAnswer>) : {};
    assert.notEqual(body.code, 'RouteUnknown', `${method} ${path}`);
  }
});

test('the document keeps the rules of OpenAPI 3.1', () => {
  assert.match(list.openapi, /^3\.1\.\d+$/);
  assert.ok(list.info.title && list.info.version);
  const ids = operations().map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { path, method, operation } of operations()) {
    const at = `${method} ${path}`;
    assert.match(path, /^\//, at);
    assert.match(operation.summary, /^[A-Z].*[^.]$/, at);
    checkParameters(path, operation.parameters ?? [], at);
    const { requestBody, responses, security = [] } = operation;
    assert.equal(requestBody !== undefined, ['put', 'post', 'patch'].includes(method), at);
    if (requestBody) assert.equal(typeof requestBody.content['application/json']?.schema, 'object', at);
    const statuses = Object.keys(responses);
    assert.ok(statuses.some((status) => /^2\d\d$/.test(status)) && statuses.includes('default'), at);
    for (const [status, { description, content }] of Object.entries(responses)) {
      assert.ok(description.length > 0, at);
      assert.equal(content === undefined, status === '204', `${at} ${status}`);
    }
    for (const name of security.flatMap((each) => Object.keys(each)))
      assert.ok(list.components.securitySchemes[name], at);
  }
  const text = JSON.stringify(list);
  for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
    assert.ok(list.components.schemas[name], name);
  assert.doesNotMatch(text, /"~/, 'nothing of the schema library is in it');
});

function checkParameters(path: string, parameters: readonly Parameter[], at: string): void {
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  assert.deepEqual(
    inPath.map(({ name }) => name),
    [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    at,
  );
  assert.ok(
    inPath.every(({ required }) => required === true),
    at,
  );
  const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
  assert.equal(new Set(keys).size, keys.length, at);
  for (const parameter of parameters) {
    assert.ok(['path', 'query'].includes(parameter.in), at);
    assert.equal(typeof parameter.schema, 'object', at);
  }
}

test('what takes a token says so, and what has a default may be left out', () => {
  assert.deepEqual(list.paths['/api/query']?.post?.security, [{ bearer: [] }]);
  assert.deepEqual(list.paths['/api/results']?.get?.security, [{ bearer: [] }, {}]);
  assert.equal(list.paths['/api/transactions']?.get?.security, undefined);
  const parameters = list.paths['/api/transactions']?.get?.parameters ?? [];
  assert.deepEqual(
    parameters.map(({ name, required }) => [name, required]),
    [['limit', false]],
  );
});
