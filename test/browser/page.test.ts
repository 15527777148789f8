// The pages in a real browser, over real stores with real blocks. Leaves screenshots in build/screenshots.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { formatCount } from '../../src/status/figures.ts';
import { openWebFixture, type WebFixture } from '../../src/web/server/web.fixture.ts';
import { findBrowser, launchBrowser, openPage } from './browser.ts';

const root = join(import.meta.dirname, '../..');
const uiFolder = join(root, 'build/ui');
const executablePath = findBrowser();
const options = { skip: executablePath === undefined && 'this machine has no Chromium' };

let fixture: WebFixture;
let browser: Browser;
before(async () => {
  if (executablePath === undefined) return;
  assert.ok(existsSync(uiFolder), 'the pages are built: npm run build:ui');
  fixture = await openWebFixture({ uiFolder });
  browser = await launchBrowser(executablePath);
});
after(async () => {
  await browser?.close();
  await fixture?.close();
});

const wide = { width: 1280, height: 900 };
const narrow = { width: 390, height: 844 };

async function screenshot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(root, `build/screenshots/${name}.png`), fullPage: true });
}

async function search(page: Page, text: string): Promise<void> {
  await page.getByRole('searchbox').fill(text);
  await page.getByRole('button', { name: 'Search' }).click();
}

/** What would make a reader scroll the whole page sideways. */
async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Labels of the tables that show a part of their columns only. */
async function cutTables(page: Page, tables: string): Promise<readonly (string | null)[]> {
  return page
    .locator(`.table-scroll:has(${tables})`)
    .evaluateAll((regions) =>
      regions
        .filter((region) => region.scrollWidth > region.clientWidth)
        .map((region) => region.getAttribute('aria-label')),
    );
}

test(
  'the overview shows the figures, the flow, the results with charts and the newest transactions',
  options,
  async () => {
    for (const [look, viewport] of Object.entries({ wide, narrow })) {
      for (const dark of [false, true]) {
        const { page, problems } = await openPage(browser, { url: fixture.web.url, ...viewport, dark });
        await page.getByRole('status').filter({ hasText: 'running' }).waitFor();
        await page.locator('canvas').nth(3).waitFor();
        const size = await fixture.log.size();
        for (const figure of [
          '17,686,132',
          '17,686,129',
          formatCount(size.transactions),
          '1,234',
          '100 %',
          '311 records',
        ])
          await page.getByText(figure).filter({ visible: true }).first().waitFor();
        const rows = page.locator('table.transactions tbody tr');
        assert.equal(await rows.count(), look === 'narrow' ? 8 : 25);
        assert.deepEqual(await cutTables(page, look === 'narrow' ? '.transactions' : 'table'), []);
        assert.equal(await page.getByText('provisional').first().isVisible(), true);
        assert.ok(await hasInk(page), 'the first chart is drawn');
        await screenshot(page, `overview-${look}-${dark ? 'dark' : 'light'}`);
        if (look === 'narrow') {
          await page.getByRole('button', { name: '17 more' }).click();
          assert.equal(await rows.count(), 25);
        }
        assert.ok((await overflow(page)) <= 0, 'the page fits its width');
        assert.deepEqual(problems, []);
        await page.close();
      }
    }
  },
);

/** A canvas that was drawn on has pixels that are not transparent. */
async function hasInk(page: Page): Promise<boolean> {
  return page
    .locator('canvas')
    .first()
    .evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const data =
        (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
      return data.some((value) => value !== 0);
    });
}

test('figures move while somebody looks', options, async () => {
  const { page, problems } = await openPage(browser, { url: fixture.web.url, ...wide });
  await page.getByText('The deepest undid 3 blocks.').waitFor();
  const before = fixture.status;
  fixture.status = { ...before, reorgs: { count: 7, deepest: 9 } };
  await page.getByText('The deepest undid 9 blocks.').waitFor();
  fixture.status = {
    ...before,
    state: 'failed',
    problem: 'FinalizedContradiction: the node contradicts block 5',
  };
  await page.getByRole('alert').filter({ hasText: 'contradicts block 5' }).waitFor();
  fixture.status = { ...before, problem: 'EndpointUnreachable: no node answers since 17:42' };
  await page.getByRole('alert').filter({ hasText: 'Held up. EndpointUnreachable' }).waitFor();
  await page.getByRole('status').filter({ hasText: 'held up' }).waitFor();
  await screenshot(page, 'held-up-wide-light');
  fixture.status = before;
  assert.deepEqual(problems, []);
  await page.close();
});

test('a transaction, a block and an address are found, and lead to each other', options, async () => {
  const { page, problems } = await openPage(browser, { url: fixture.web.url, ...wide });
  const block = fixture.blocks[6];
  const transaction = block?.transactions.find((row) =>
    block.logs.some((log) => log.transaction_hash === row.hash && log.topic3 == null),
  );
  assert.ok(block && transaction);

  await search(page, transaction.hash);
  await page.getByRole('heading', { name: 'Transaction', exact: true }).waitFor();
  for (const figure of [
    transaction.hash,
    transaction.from_address,
    formatCount(block.block.number),
    ' gwei',
    'transfer of',
  ])
    await page.getByText(figure).filter({ visible: true }).first().waitFor();
  await screenshot(page, 'transaction-wide-light');

  await page.getByRole('link', { name: formatCount(block.block.number), exact: true }).click();
  await page.getByRole('heading', { name: `Block ${formatCount(block.block.number)}` }).waitFor();
  assert.equal(await page.locator('table.transactions tbody tr').count(), block.transactions.length);
  await search(page, formatCount(block.block.number + 1));
  await page.getByRole('heading', { name: `Block ${formatCount(block.block.number + 1)}` }).waitFor();
  await screenshot(page, 'block-wide-light');

  const counts = Map.groupBy(
    fixture.blocks.flatMap(({ transactions }) => transactions),
    (row) => row.to_address,
  );
  const [busiest, rows] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  assert.ok(busiest && rows);
  await search(page, busiest);
  await page.getByRole('heading', { name: `Address ${busiest}` }).waitFor();
  await page.getByText('the newest 50 transactions shown').waitFor();
  await screenshot(page, 'address-wide-light');
  assert.equal(await page.locator('table.transactions tbody tr').count(), 50);
  await page.getByRole('button', { name: 'Older transactions' }).click();
  await page.locator('table.transactions tbody tr').nth(99).waitFor();
  assert.deepEqual(problems, []);

  await search(page, '0x123');
  await page.getByRole('alert').filter({ hasText: 'it has 3 hex digits' }).waitFor();
  await screenshot(page, 'search-problem-wide-light');
  await page.goBack();
  await page.getByRole('heading', { name: `Block ${formatCount(block.block.number + 1)}` }).waitFor();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await page.close();
});

test('only the neighbours that the log holds are offered', options, async () => {
  const { page, problems } = await openPage(browser, { url: fixture.web.url, ...wide });
  const numbers = fixture.blocks.map(({ block }) => block.number);
  const [oldest = 0, second = 0] = numbers;
  const newest = numbers.at(-1) ?? 0;
  const neighbours = async (number: number) => {
    await search(page, String(number));
    await page.getByRole('heading', { name: `Block ${formatCount(number)}` }).waitFor();
    return page.locator('.neighbours a').allInnerTexts();
  };
  assert.deepEqual(await neighbours(newest), [`← ${formatCount(newest - 1)}`]);
  assert.deepEqual(await neighbours(oldest), [`${formatCount(oldest + 1)} →`]);
  assert.equal((await neighbours(second)).length, 2);
  assert.deepEqual(problems, []);
  await page.close();
});

test('a result table sorts exactly, pages, and gives its file', options, async () => {
  const { page, problems } = await openPage(browser, {
    url: `${fixture.web.url}#/results/cluster/transfers_by_token`,
    ...wide,
  });
  await page.locator('canvas').first().waitFor();
  const amounts = async () =>
    (await page.locator('table tbody td:last-child').allInnerTexts()).map((text) =>
      BigInt(text.replaceAll(',', '')),
    );
  const isDescending = (values: readonly bigint[]) =>
    values.every((value, at) => at === 0 || value <= (values[at - 1] ?? value));
  assert.equal((await amounts()).length, 25);
  assert.equal(isDescending(await amounts()), false);
  // Counts are stacked; amounts of different tokens and distinct senders are not.
  assert.equal(
    await page.getByRole('img', { name: 'transfers by token_address and window, stacked' }).count(),
    1,
  );
  for (const name of ['senders', 'amount']) {
    await page.getByRole('button', { name, pressed: false }).first().click();
    await page.getByText('by token_address, those with most transfers').waitFor();
    assert.equal(await page.getByRole('img', { name: /stacked/ }).count(), 0);
    assert.equal(await page.getByRole('img', { name: new RegExp(`^${name} of 0x`) }).count(), 6);
  }
  await page.getByRole('button', { name: 'amount' }).last().click();
  assert.equal(isDescending(await amounts()), true);
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText(/^26–50 of/).waitFor();
  await screenshot(page, 'result-wide-light');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'CSV' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'transfers_by_token.csv');
  assert.deepEqual(problems, []);
  await page.close();
});

test('a query is written, run, saved, and its answer taken away as a file', options, async () => {
  for (const [look, viewport] of Object.entries({ wide, narrow })) {
    const { page, problems } = await openPage(browser, {
      url: `${fixture.web.url}#/query`,
      ...viewport,
      dark: look === 'narrow',
    });
    page.on('dialog', (dialog) => void dialog.accept());
    const tables = page.getByRole('region', { name: 'Tables' });
    await tables.getByText(/^transfers 10 columns$/).click();
    await tables.getByText('token_address').filter({ visible: true }).waitFor();
    assert.ok(await tables.getByText('cluster.gas_by_minute').isVisible());

    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText(/^20 rows in \d+\.\d\d s$/).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'answer.csv');
    const lines = (await readFile(await download.path(), 'utf8')).split('\r\n');
    assert.equal(lines[0], 'block_number,transactions,gas_used');
    assert.equal(lines.length, 22);

    await page.getByLabel('SQL').fill('SELECT number FROM blocks WHERE number = 0');
    await page.getByLabel('Save as').fill('nothing');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByLabel('SQL').fill('SELECT 1 AS one');
    await page.getByRole('button', { name: 'Run nothing' }).click();
    await page.getByText('No rows.', { exact: true }).waitFor();
    assert.match(await page.getByLabel('SQL').inputValue(), /number = 0/);
    await screenshot(page, `query-${look}-${look === 'narrow' ? 'dark' : 'light'}`);
    await page.getByRole('button', { name: 'Delete nothing' }).click();
    await page.getByRole('button', { name: 'Run nothing' }).waitFor({ state: 'detached' });
    assert.deepEqual(await fixture.metadata.savedQueries('cluster'), []);
    assert.ok((await overflow(page)) <= 0, 'the page fits its width');
    assert.deepEqual(problems, []);
    await page.close();
  }
});

test('a page that lost its server says so, and goes on when it is back', options, async () => {
  const { page } = await openPage(browser, { url: fixture.web.url, ...wide });
  await page.getByRole('status').filter({ hasText: 'running' }).waitFor();
  await fixture.web.close();
  await page.getByRole('alert').filter({ hasText: 'No connection to Millrace' }).waitFor();
  assert.ok(await page.getByText('17,686,132').first().isVisible(), 'the last figures stay');
  await fixture.restartWeb();
  await page.getByRole('status').filter({ hasText: 'running' }).waitFor();
  await page.getByRole('alert').first().waitFor({ state: 'detached' });
  await page.locator('canvas').nth(3).waitFor();
  await page.close();
});
