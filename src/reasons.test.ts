import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { catalogue } from './errors.ts';
import { reasonPages, reasons } from './reasons.ts';

const root = join(import.meta.dirname, '..');

test('docs/reasons/ is what src/reasons.ts says (make docs)', () => {
  const pages = reasonPages();
  for (const [file, text] of pages) assert.equal(readFileSync(join(root, file), 'utf8'), text, file);
  const files = readdirSync(join(root, 'docs/reasons')).map((file) => `docs/reasons/${file}`);
  assert.deepEqual(files.sort(), [...pages.keys()].sort());
});

/** As conditions get them in the source of the operator. */
const places = [
  /\b(?:holds|not)\(\s*'([A-Za-z]+)'/g,
  /new MillraceError\(\s*'([A-Za-z]+)'/g,
  /\breason: '([A-Za-z]+)'/g,
];
/** Told in its log, or by its end. */
const notOfConditions = new Set(['CrdDiffers', 'CrdMissing', 'LeadershipLost']);

test('every reason that the operator gives has a page, and no other', () => {
  const files = globSync('src/operator/**/*.ts', { cwd: root }).filter(
    (file) => !/\.(test|fixture)\.ts$/.test(file),
  );
  const source = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  const found = new Set(
    places.flatMap((place) => [...source.matchAll(place)].flatMap(([, name]) => name ?? [])),
  );
  const given = [...found].filter((name) => !notOfConditions.has(name));
  assert.deepEqual(given.sort(), Object.keys(reasons).sort());
});

test('failures are of the catalogue, and the docs of errors and reasons do not contradict each other', () => {
  for (const [file, text] of reasonPages()) {
    const name = file.replace(/^.*\/|\.md$/g, '');
    if (!(name in catalogue)) continue;
    assert.ok(text.includes(catalogue[name as keyof typeof catalogue].remedy), name);
  }
});
