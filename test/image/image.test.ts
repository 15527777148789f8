import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type BuiltImage, buildImage } from './build.ts';
import { root } from './buildah.ts';
import { type OpenImage, openImage } from './run-image.ts';

const say = (line: string): void => void process.stderr.write(`image: ${line}\n`);
const pipeline = '/app/examples/pipeline.yaml';
/** Blocks of it are final at this height after a few seconds. */
const until = '17686121';
const node = ['/usr/local/bin/node', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e'];

const checkout = mkdtempSync(join(tmpdir(), 'millrace-checkout-'));
let built: BuiltImage;
let image: OpenImage;

before(async () => {
  // Of files that nobody edits meanwhile.
  const parts = ['Dockerfile', '.dockerignore', 'package.json', 'package-lock.json', '.npmrc', 'LICENSE'];
  for (const part of [...parts, 'bin', 'src', 'spark', 'examples'])
    cpSync(join(root, part), join(checkout, part), { recursive: true, preserveTimestamps: true });
  built = await buildImage({ target: 'millrace', say, context: checkout });
  image = await openImage(built.name);
});
after(async () => {
  await image?.close();
  rmSync(checkout, { recursive: true, force: true });
});

describe('the image', () => {
  it('is the same from another checkout of the same files, whatever their times and modes', async () => {
    assert.match(built.digest, /^sha256:[0-9a-f]{64}$/);
    for (const { path } of filesOf(checkout)) {
      chmodSync(join(checkout, path), 0o600);
      utimesSync(join(checkout, path), 1, 1);
    }
    assert.equal((await buildImage({ target: 'millrace', say, context: checkout })).digest, built.digest);
  });

  it('holds one program, no shell, and no test', () => {
    const files = filesOf(image.folder);
    const programs = files.filter(({ path, mode }) => mode & 0o111 && !/\.so(\.\d+)*$/.test(path));
    assert.deepEqual(
      programs.map(({ path }) => path),
      ['usr/local/bin/node'],
    );
    const foreign = files.filter(({ path }) => /^app\/src\/.*\.(test|fixture)\.ts$|\.env$/.test(path));
    assert.deepEqual(foreign, []);
    assert.ok(files.filter(({ mode }) => mode & 0o6000).length === 0, 'setuid');
  });

  it('stays small', () => {
    assert.ok(built.bytes < 290e6, `${built.bytes} bytes`);
  });

  it('runs as nobody’s root, and the manifest of a pod can see it', async () => {
    assert.match(image.config.User, /^[1-9]\d*:[1-9]\d*$/);
    assert.ok(!image.config.Entrypoint.some((word) => word.endsWith('sh')));
    const code = `
      import { writeFileSync } from 'node:fs';
      const refused = ['/x', '/app/x', '/usr/local/bin/x'].map((file) => {
        try { writeFileSync(file, ''); return 'written'; } catch ({ code }) { return code; }
      });
      writeFileSync('/tmp/x', '');
      console.log(JSON.stringify([process.getuid(), process.getgid(), process.getgroups(), ...refused]));`;
    const { status, stdout, stderr } = await image.run([code], { entrypoint: node });
    assert.equal(status, 0, stderr);
    const id = Number(image.config.User.split(':')[0]);
    assert.deepEqual(JSON.parse(stdout), [id, id, [id], 'EROFS', 'EROFS', 'EROFS']);
  });

  it('has every module that a source file imports', async () => {
    const code = `
      import { existsSync, globSync, readFileSync } from 'node:fs';
      import { dirname, join } from 'node:path';
      import { findPackageJSON, isBuiltin } from 'node:module';
      import { pathToFileURL } from 'node:url';
      const missing = [];
      let seen = 0;
      for (const file of globSync('/app/src/**/*.ts')) {
        const source = readFileSync(file, 'utf8');
        const imports = source.matchAll(/^(?:import|export)\\s(?!type\\b)[^;]*?from '([^']+)'|\\bimport\\('([^']+)'\\)/gm);
        for (const [, fixed, late] of imports) {
          const name = fixed ?? late;
          seen += 1;
          if (isBuiltin(name)) continue;
          const found = name.startsWith('.')
            ? existsSync(join(dirname(file), name))
            : findPackageJSON(name, pathToFileURL(file)) !== undefined;
          if (!found) missing.push(file + ': ' + name);
        }
      }
      console.log(JSON.stringify({ seen, missing }));`;
    const { status, stdout, stderr } = await image.run([code], { entrypoint: node });
    assert.equal(status, 0, stderr);
    const { seen, missing } = JSON.parse(stdout) as { seen: number; missing: readonly string[] };
    assert.deepEqual(missing, []);
    assert.ok(seen > 500, `${seen} imports`);
  });
});

describe('the command line in it', () => {
  it('helps, by default', async () => {
    const { status, stdout, stderr } = await image.run(image.config.Cmd);
    assert.equal(status, 0, stderr);
    for (const command of ['run', 'stream', 'record', 'process', 'web'])
      assert.match(stdout, new RegExp(command));
    assert.equal(stderr, '');
  });

  it('checks a manifest, SQL included', async () => {
    const { status, stdout, stderr } = await image.run(['check', '-f', pipeline]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /Pipeline example is good \(2 processors\)/);
  });

  it('runs a pipeline until a block, then answers from what it kept', async () => {
    const flags = ['--data', '/data/kept', '--port', '0'];
    const { status, stdout, stderr } = await image.run(['run', '-f', pipeline, '--until', until, ...flags]);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /transactions/);
  });

  it('serves the pages', async () => {
    const page = readFileSync(join(image.folder, 'app/build/ui/index.html'), 'utf8');
    assert.match(page, /<script type="module"/);
  });

  it('ends with one line and exit code 2 on a wrong manifest', async () => {
    const { status, stderr } = await image.run(['check', '-f', '/app/examples/no.yaml']);
    assert.equal(status, 2);
    assert.match(stderr, /^millrace: ManifestUnreadable/);
  });
});

describe('what starts it', () => {
  it('gives a command its memory settings without a shell, in the same process', async () => {
    const { status, stdout, stderr } = await image.run(['--version']);
    assert.equal(status, 0, stderr);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.equal(stdout, `${version}\n`);
  });
});

interface File {
  readonly path: string;
  readonly mode: number;
}

function filesOf(folder: string): readonly File[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: file.slice(folder.length + 1), mode: statSync(file).mode }));
}
