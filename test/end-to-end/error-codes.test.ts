// What a user can get wrong before anything is read or stored: each with its code and its exit, as the process answers.
// The failures of the world around it are in bad-input.test.ts. TableUnknown and ResultUnknown no command raises: the
// guard of the SQL names an unknown table first (SqlDenied), and ResultUnknown is an answer of the API.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { openEmbeddedStores } from '../../src/data-folder/embedded-stores.ts';
import { catalogue, type ErrorCode } from '../../src/errors.ts';
import { silentLogger } from '../../src/logger.ts';
import { aFolder, aManifest, startMillrace } from '../millrace-process.ts';

interface Case {
  readonly what: string;
  readonly code: ErrorCode;
  readonly exit: number;
  readonly args: readonly string[];
  /** Standard error has it. */
  readonly says: RegExp;
  /** What is wrong with the manifest, and what stands there instead. */
  readonly mistake?: readonly [RegExp, string];
  /** The working folder's config.yaml. */
  readonly config?: string;
  readonly env?: Record<string, string>;
}

const run = ['run', '-f', 'pipeline.yaml', '--data', 'data', '--port', '0', '--until', 'head'];
const secret = 'urlFrom: {secretKeyRef: {name: main-node, key: url}}';

const cases: readonly Case[] = [
  {
    what: 'a Secret that no variable holds',
    code: 'SecretMissing',
    exit: 2,
    args: run,
    mistake: [/url: http:.*/, secret],
    says: /key url of Secret main-node, and MAIN_NODE_URL is not set/,
  },
  {
    what: 'an external store whose Secret no variable holds',
    code: 'SecretMissing',
    exit: 2,
    args: run,
    mistake: [/(kafka:\s+)managed: {}/, `$1external: {${secret}}`],
    says: /key url of Secret main-node, and MAIN_NODE_URL is not set/,
  },
  {
    what: 'a role alone with a managed store',
    code: 'StoreManaged',
    exit: 2,
    args: ['record', '-f', 'pipeline.yaml', '--port', '0'],
    says: /spec\.topics\.kafka is managed, and `millrace record` alone has no store to manage/,
  },
  {
    what: 'a setting that there is not',
    code: 'ConfigInvalid',
    exit: 2,
    args: run,
    config: 'run: {prot: 8080}\n',
    says: /config\.yaml has 1 problem[\s\S]*\n {2}run\.prot is no field; did you mean port\?/,
  },
  {
    what: 'settings that are no YAML',
    code: 'ConfigInvalid',
    exit: 2,
    args: run,
    config: 'log:\n  level: info\n run: [',
    says: /config\.yaml has 1 problem[\s\S]*\n {2}.* at line 3/,
  },
  {
    what: 'a level that there is not',
    code: 'ConfigInvalid',
    exit: 2,
    args: run,
    env: { MILLRACE_LOG_LEVEL: 'loud' },
    says: /the environment has 1 problem[\s\S]*\n {2}MILLRACE_LOG_LEVEL is loud, not one of trace, debug/,
  },
  {
    what: 'a name that no query may have',
    code: 'QueryNameInvalid',
    exit: 2,
    args: ['query', 'SELECT 1 AS one', '--data', 'data', '--save', 'bad name'],
    says: /"bad name" cannot name a query/,
  },
  {
    what: 'a query that is not saved',
    code: 'QueryUnknown',
    exit: 2,
    args: ['query', '--data', 'data', '--saved', 'nothing'],
    says: /no saved query nothing/,
  },
];

test('each mistake has its code, its exit and its remedy', {
  timeout: 60_000,
}, async (t) => {
  for (const { what, code, exit, args, mistake, config, env = {}, says } of cases) {
    const cwd = aFolder(t);
    const manifest = aManifest(cwd, { url: 'http://127.0.0.1:9' });
    if (mistake) {
      const right = readFileSync(manifest, 'utf8');
      assert.match(right, mistake[0], what);
      writeFileSync(manifest, right.replace(...mistake));
    }
    if (config !== undefined) writeFileSync(join(cwd, 'config.yaml'), config);
    if (args[0] === 'query') await dataFolder(join(cwd, 'data'));

    const ended = await startMillrace(t, args, { cwd, env }).ended;
    const refusals = ended.stderr.split('\n').filter((line) => line.startsWith('millrace: '));
    assert.equal(refusals.length, 1, `${what}: ${ended.stderr}`);
    assert.match(refusals[0] ?? '', new RegExp(`^millrace: ${code}: .* To mend it: .*\\.$`), what);
    assert.match(ended.stderr, says, what);
    assert.deepEqual([ended.code, catalogue[code].exit, ended.stdout], [exit, exit, ''], what);
  }
});

/** As a run leaves it, with nothing in it. */
async function dataFolder(folder: string): Promise<void> {
  const stores = await openEmbeddedStores({ folder, clock: systemClock, logger: silentLogger });
  await stores.close();
  writeFileSync(join(folder, 'identity.json'), JSON.stringify({ pipeline: 'test', chainId: 1 }));
}
