// Files of windows on the page: listed with what it takes to check them, and downloaded as they are.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openWebFixture, type WebFixture } from '../../src/web/server/web.fixture.ts';
import { findBrowser, launchBrowser, openPage } from './browser.ts';

const uiFolder = join(import.meta.dirname, '../../build/ui');
const executablePath = findBrowser();
const options = { skip: executablePath === undefined && 'this machine has no Chromium' };
const start = 1_689_269_940;
const windows = Array.from({ length: 30 }, (_, at) => start + at * 60);
const bytesOf = (window: number) => Buffer.from(`hash,value\n0x1,${window}\n`);

let fixture: WebFixture;
let browser: Browser;
before(async () => {
  if (executablePath === undefined) return;
  fixture = await openWebFixture({ uiFolder });
  const { results } = fixture;
  const table = await results.ensureTable({
    owner: 'cluster',
    processor: 'largest-transfers',
    window: 60,
    columns: [{ name: 'hash', type: 'text' }],
    fingerprint: 'a',
    file: 'csv',
  });
  for (const window of windows) {
    const claim = await results.claim(table, window, { holder: 'test', ttl: 60_000, now: Date.now() });
    await claim?.replaceFile({ bytes: [bytesOf(window)], rows: () => 1 });
  }
  browser = await launchBrowser(executablePath);
});
after(async () => {
  await browser?.close();
  await fixture?.close();
});

test('the files of a table are listed by page and downloaded byte for byte', options, async () => {
  for (const viewport of [
    { width: 1280, height: 900 },
    { width: 390, height: 844 },
  ]) {
    const url = `${fixture.web.url}#/results/cluster/largest_transfers`;
    const { page, problems } = await openPage(browser, { url, ...viewport });
    const rows = page.locator('table.files tbody tr');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 25);
    const newest = windows.at(-1) ?? 0;
    const bytes = bytesOf(newest);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const cells = await rows.first().locator('td').allTextContents();
    assert.deepEqual(cells.slice(2, 4), ['1', `${bytes.length} B`]);
    assert.ok(cells[0] === '2023-07-13 18:08:00' && cells[4]?.startsWith(sha256.slice(0, 8)));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      rows.first().getByRole('link', { name: 'Download' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'largest_transfers-2023-07-13T180800Z.csv');
    assert.deepEqual(await readFile(await download.path()), bytes);
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByText('2023-07-13 17:39:00').waitFor();
    assert.equal(await rows.count(), 5);
    assert.ok(await page.getByRole('button', { name: 'Older' }).isDisabled());
    await page.getByRole('button', { name: 'Newer' }).click();
    await page.getByText('2023-07-13 18:08:00').waitFor();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.equal(overflow, 0);
    assert.deepEqual(problems, []);
    await page.close();
  }
});
