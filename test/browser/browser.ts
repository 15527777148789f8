// A real browser for the page tests: the machine's own Chromium, headless, that talks to nobody but the page's server.

import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const places: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Path of the browser; undefined where the machine has none. */
export function findBrowser(): string | undefined {
  return places.find((path) => existsSync(path));
}

export async function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors of the console, uncaught exceptions, and requests to any other server. */
  readonly problems: readonly string[];
}

export async function openPage(
  browser: Browser,
  options: { readonly url: string; readonly width: number; readonly height: number; readonly dark?: boolean },
): Promise<WatchedPage> {
  const page = await browser.newPage({
    viewport: { width: options.width, height: options.height },
    colorScheme: options.dark ? 'dark' : 'light',
  });
  page.setDefaultTimeout(8000);
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(options.url).origin)
      problems.push(`asked ${request.url()}`);
  });
  await page.goto(options.url);
  return { page, problems };
}
