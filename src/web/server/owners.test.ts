// Whose results a caller reads: over a server that others reach, the cluster's and their own; over one that only this
// machine reaches, all.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../logger.ts';
import { createAuditRecorder } from '../../people/audit-recorder.ts';
import { createPeople } from '../../people/people.ts';
import type { ErrorAnswer, QueryTablesAnswer, ResultTablesAnswer } from './answers.ts';
import { openWebFixture, type WebFixture } from './web.fixture.ts';

const start = 1_689_269_940;
const annsRows = '/api/results/user%2Fann/counted';
const annsFiles = '/api/results/user%2Fann/listed/files';
const reads = [annsRows, `${annsRows}?format=csv`, annsFiles, `${annsFiles}/${start}`];
const clusters = ['cluster.gas_by_minute', 'cluster.transfers_by_token'];
const anns = ['user_ann.counted', 'user_ann.listed'];

interface Place extends WebFixture {
  readonly ann: string;
  readonly bob: string;
}

async function openPlace(host: string): Promise<Place> {
  const fixture = await openWebFixture({ host });
  const { results, metadata } = fixture;
  const audit = createAuditRecorder({ metadata, clock: systemClock, logger: silentLogger });
  const people = createPeople({ metadata, audit, clock: systemClock, who: 'command-line' });
  const tokenOf = async (name: string): Promise<string> => {
    await people.addUser({ name });
    return (await people.createToken({ userId: name, name: 'laptop' })).secret;
  };
  const table = { owner: 'user/ann', window: 60, fingerprint: 'a' } as const;
  const columns = [{ name: 'n', type: 'integer' }] as const;
  const claimed = { holder: 'test', ttl: 60_000, now: Date.now() };
  const counted = await results.ensureTable({ ...table, processor: 'counted', columns });
  await (await results.claim(counted, start, claimed))?.replace([[[4_711]]]);
  const listed = await results.ensureTable({ ...table, processor: 'listed', columns, file: 'csv' });
  const file = { bytes: [Buffer.from('4711\n')], rows: () => 1 };
  await (await results.claim(listed, start, claimed))?.replaceFile(file);
  return Object.assign(fixture, { ann: await tokenOf('ann'), bob: await tokenOf('bob') });
}

/** Over the loopback address, wherever else the server listens. */
function ask(place: WebFixture, path: string, token?: string, body?: object): Promise<Response> {
  const { port } = new URL(place.web.url);
  return fetch(new URL(path, `http://127.0.0.1:${port}`), {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

async function listed(place: WebFixture, token?: string): Promise<readonly string[]> {
  const { tables } = (await (await ask(place, '/api/results', token)).json()) as ResultTablesAnswer;
  return tables.map(({ owner, name }) => `${owner.replace('/', '_')}.${name}`).sort();
}

async function sqlTables(place: WebFixture, token?: string): Promise<readonly string[]> {
  const { tables } = (await (await ask(place, '/api/tables', token)).json()) as QueryTablesAnswer;
  return tables
    .map(({ name }) => name)
    .filter((name) => name.includes('.'))
    .sort();
}

const selectAnns = { sql: 'SELECT n FROM user_ann.counted' };

describe('a server that others reach', () => {
  let place: Place;
  before(async () => {
    place = await openPlace('0.0.0.0');
  });
  after(async () => place.close());

  test('a user’s rows and files take that user’s token', async () => {
    for (const path of reads) {
      for (const token of [undefined, place.bob]) {
        const refused = await ask(place, path, token);
        assert.equal(refused.status, 403, path);
        const { code, message } = (await refused.json()) as ErrorAnswer;
        assert.equal(code, 'RequestRefused');
        assert.equal(message, 'results of user/ann are read with a token of that user');
      }
      for (const token of [place.ann, place.token]) {
        const answer = await ask(place, path, token);
        assert.equal(answer.status, 200, path);
        assert.match(await answer.text(), /4711|"size":5/, path);
      }
    }
  });

  test('whether a user has a table is told to that user only', async () => {
    const none = '/api/results/user%2Fann/none';
    assert.equal((await ask(place, none, place.bob)).status, 403);
    assert.equal((await ask(place, none, place.ann)).status, 404);
  });

  test('lists hold what the caller may read; a wrong token is told', async () => {
    for (const list of [listed, sqlTables]) {
      assert.deepEqual(await list(place), clusters);
      assert.deepEqual(await list(place, place.bob), clusters);
      assert.deepEqual(await list(place, place.ann), [...clusters, ...anns]);
      assert.deepEqual(await list(place, place.token), [...clusters, ...anns]);
    }
    assert.equal((await ask(place, '/api/results', 'guessed')).status, 403);
    assert.equal((await ask(place, '/api/results/cluster/gas_by_minute')).status, 200);
  });

  test('SQL reads the cluster’s tables and the caller’s own; others are as if they were not there', async () => {
    for (const sql of [selectAnns.sql, 'SELECT (SELECT max(n) FROM USER_ANN.Counted) AS n FROM blocks']) {
      const refused = await ask(place, '/api/query', place.bob, { sql });
      const none = await ask(place, '/api/query', place.bob, { sql: sql.replaceAll(/counted/gi, 'nowhere') });
      assert.equal(refused.status, 400);
      const said = async (answer: Response) => (await answer.text()).replaceAll(/counted/gi, 'nowhere');
      assert.equal(await said(refused), await said(none));
    }
    const own = (await (await ask(place, '/api/query', place.ann, selectAnns)).json()) as { rows: unknown };
    assert.deepEqual(own.rows, [[4711]]);
    const shared = { sql: 'SELECT count(*) AS n FROM cluster.gas_by_minute' };
    assert.equal((await ask(place, '/api/query', place.bob, shared)).status, 200);
    assert.equal((await ask(place, '/api/query', undefined, shared)).status, 403);
  });
});

describe('a server that only this machine reaches', () => {
  let place: Place;
  before(async () => {
    place = await openPlace('127.0.0.1');
  });
  after(async () => place.close());

  test('has one person before it, who reads everything', async () => {
    for (const path of reads) assert.equal((await ask(place, path)).status, 200, path);
    assert.deepEqual(await listed(place), [...clusters, ...anns]);
    assert.deepEqual(await sqlTables(place), [...clusters, ...anns]);
    const answer = await fetch(new URL('/api/query', place.web.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: new URL(place.web.url).origin },
      body: JSON.stringify(selectAnns),
    });
    assert.deepEqual(((await answer.json()) as { rows: unknown }).rows, [[4711]]);
  });
});
