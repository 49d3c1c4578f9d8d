import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import { eventLine } from '../../shared/runtime/log.ts';
import { consolePort } from '../support/console-port.ts';
import { findBrowser, launchBrowser, reachablePages, signInto } from '../support/console-crawl.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

/** What moves in the browser: refreshing, live lines, plots; and that nothing is missing where nothing moves. */

const executablePath = findBrowser();
// A machine without a browser cannot run these; the reporter names what was left out, and under CI it fails.
const browserTest = executablePath === undefined ? test.skip : test;

const password = 'correct horse battery staple';
const hostile = '<img src=x onerror="document.title=1">';

let installation: TestInstallation;
let browser: Browser;
let origin: string;
let logFile: string;

beforeAll(async () => {
  if (executablePath === undefined) return;
  installation = await install();
  await installation.configure([
    [['console', 'address'], '127.0.0.1:0'],
    [['log', 'folder'], 'var/log'],
  ]);
  await mkdir(join(installation.home, 'var', 'log'), { recursive: true });
  logFile = join(installation.home, 'var', 'log', 'loader.log');
  await installation.addPartner('warehouse');
  await installation.drop('inboundSalesOrderDispatch', 'plain.json', Buffer.from('{}'));
  await installation.run('loader', '--once');
  const file = join(installation.home, 'password');
  await writeFile(file, password, { mode: 0o600 });
  for (const name of ['viewer', 'operator', 'passer-by']) {
    const role = name === 'operator' ? 'operator' : 'viewer';
    await installation.enrol('user', 'add', name, '--role', role, '--password-file', file);
  }
  const program = installation.start(['console']);
  await program.logged('daemon.ready');
  const port = consolePort(program.stdout) ?? '';
  origin = `http://127.0.0.1:${port}`;
  browser = await launchBrowser(executablePath);
}, 120_000);
afterAll(async () => {
  if (executablePath === undefined) return;
  await browser.close();
  await installation.close();
});

const contexts: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

/** A page of somebody who has signed in; what the browser complains about is collected. */
async function signedIn(
  name: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  contexts.push(context);
  const page = await context.newPage();
  const complaints: string[] = [];
  await signInto(page, `${origin}/`, name, password);
  await page.waitForLoadState(); // With its scripts.
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  return { page, complaints };
}

/** Lets the page be refreshed at once, as htmx would when the time has come. */
async function refresh(page: Page): Promise<void> {
  const answered = page.waitForResponse((response) => response.request().headers()['x-refresh'] === '1');
  await page.evaluate(`htmx.ajax('GET', location.href, { source: 'main', headers: { 'x-refresh': '1' } })`);
  await answered;
}

const log = (level: 'info' | 'warn', event: string, fields: object): Promise<void> =>
  appendFile(logFile, `${eventLine(new Date(), level, 'loader', event, fields)}\n`);

describe('a page that is fetched anew', () => {
  browserTest('shows what is new, and keeps what stands open', async () => {
    const { page, complaints } = await signedIn('viewer');
    const numbers = page.locator('details', { hasText: 'The numbers as a table' });
    await numbers.locator('summary').click();
    await page.locator('header').click({ position: { x: 1, y: 1 } });
    await page.evaluate(`document.querySelector('main time').textContent = 'old'`);
    await refresh(page);
    await waitFor(
      'the new time',
      async () => (await page.locator('main time', { hasText: 'old' }).count()) === 0,
    );
    expect(await numbers.getAttribute('open')).not.toBeNull();
    expect(await page.locator('main').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  browserTest('leaves alone a form in which somebody types', async () => {
    const { page } = await signedIn('operator');
    await page.goto(`${origin}/jobs/retention`);
    const asked: string[] = [];
    page.on('request', (request) => request.headers()['x-refresh'] && asked.push(request.url()));
    const form = page.locator('details.action').first();
    await form.locator('summary').click();
    await form.getByLabel('Reason').fill('because of the ware');
    // It would be fetched now, if it were fetched.
    await page.evaluate(`htmx.ajax('GET', location.href, { source: 'main' })`);
    await page.keyboard.type('house');
    await page.locator('header').click({ position: { x: 1, y: 1 } });
    await page.evaluate(`htmx.ajax('GET', location.href, { source: 'main' })`);
    await expect(form.getByLabel('Reason').inputValue()).resolves.toBe('because of the warehouse');
    expect(asked).toEqual([]);
    await expect(page.locator('footer').innerText()).resolves.toContain(
      'Not refreshed while you use the page.',
    );
  });

  browserTest('asks by itself, and says that nobody did', async () => {
    const { page } = await signedIn('viewer');
    await page.clock.install();
    await page.goto(`${origin}/`);
    const asked = page.waitForRequest((request) => request.headers()['x-refresh'] === '1');
    await page.clock.fastForward(16_000);
    expect(new URL((await asked).url()).pathname).toBe('/');
  });

  browserTest('leads to the sign-in when the session has ended', async () => {
    const { page } = await signedIn('viewer');
    await page.context().clearCookies();
    await refresh(page);
    await page.getByLabel('Password').waitFor();
  });
});

describe('live lines of a log', () => {
  const lines = (page: Page) => page.locator('.log');

  browserTest('O10: appear by themselves, as text, and with the time', async () => {
    const { page, complaints } = await signedIn('viewer');
    await log('info', 'daemon.ready', {});
    await page.goto(`${origin}/daemons/loader`);
    await page.getByText('New lines appear by themselves.').waitFor();
    await log('warn', 'file.rejected', { file: hostile, code: 'SCHEMA' });
    const line = lines(page).locator('details', { hasText: hostile }).first();
    await line.waitFor();
    await expect(line.locator('summary').innerText()).resolves.toContain(`file ${hostile}`);
    await line.locator('summary').click();
    await expect(line.locator('pre').innerText()).resolves.toContain('"code":"SCHEMA"');
    await appendFile(logFile, `${hostile}\n`);
    await lines(page).locator('p.stray', { hasText: hostile }).waitFor();
    expect(await page.locator('.log img').count()).toBe(0);
    expect(await page.title()).toContain('Daemon loader');
    expect(complaints).toEqual([]);
  });

  browserTest('wait while the display is paused, and lose nothing', async () => {
    const { page } = await signedIn('viewer');
    await page.goto(`${origin}/daemons/loader`);
    await page.getByText('New lines appear by themselves.').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await log('info', 'file.done', { file: 'while-paused' });
    await page.getByText('Paused; new lines wait.').waitFor();
    expect(await lines(page).getByText('while-paused').count()).toBe(0);
    await page.getByRole('button', { name: 'Pause' }).click();
    await lines(page).locator('summary', { hasText: 'while-paused' }).waitFor();
    expect(await lines(page).locator('summary', { hasText: 'while-paused' }).count()).toBe(1);
  });

  browserTest('are warnings and errors only, where that is chosen', async () => {
    const { page } = await signedIn('viewer');
    await page.goto(`${origin}/daemons/loader`);
    await page.getByRole('link', { name: 'Warnings and errors' }).click();
    await page.getByText('New lines appear by themselves.').waitFor();
    await log('info', 'file.done', { file: 'well' });
    await log('warn', 'file.rejected', { file: 'not well' });
    await lines(page).locator('summary', { hasText: 'not well' }).waitFor();
    expect(await lines(page).locator('summary', { hasText: 'file.done' }).count()).toBe(0);
  });

  browserTest('O10: end when the user is disabled, and the page leads to the sign-in', async () => {
    const { page } = await signedIn('passer-by');
    await page.goto(`${origin}/daemons/loader`);
    await page.getByText('New lines appear by themselves.').waitFor();
    await installation.enrol('user', 'disable', 'passer-by');
    await page.getByLabel('Password').waitFor();
  });
});

describe.each(['light', 'dark'] as const)('plots in %s colours', (colorScheme) => {
  browserTest('are drawn from the numbers of the table, and change with the window', async () => {
    const { page, complaints } = await signedIn('viewer', { colorScheme });
    await page.locator('.plot canvas').first().waitFor();
    const drawn = await page.evaluate<{ width: number; colours: number }[]>(
      `[...document.querySelectorAll('.plot canvas')].map((canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
        return { width: canvas.clientWidth, colours: seen.size };
      })`,
    );
    expect(drawn).toHaveLength(5);
    for (const { colours } of drawn) expect(colours).toBeGreaterThan(1);
    // The file that was rejected is a bar in the colour of the sheet.
    const painted = await page.evaluate<boolean>(
      `(() => {
        const place = document.querySelectorAll('.plot')[2];
        const wanted = getComputedStyle(place).fill.match(/\\d+/g).join();
        const canvas = place.querySelector('canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4) {
          if (data.slice(at, at + 3).join() === wanted && data[at + 3] === 255) return true;
        }
        return false;
      })()`,
    );
    expect(painted).toBe(true);
    await page.setViewportSize({ width: 1000, height: 800 });
    await waitFor('the smaller plot', async () => {
      const width = await page
        .locator('.plot canvas')
        .first()
        .evaluate((canvas) => (canvas as unknown as { clientWidth: number }).clientWidth);
      return width < (drawn[0]?.width ?? 0) || undefined;
    });
    await refresh(page);
    await page.locator('.plot canvas').nth(4).waitFor();
    expect(await page.locator('.plot canvas').count()).toBe(5);
    expect(complaints).toEqual([]);
  });
});

describe('without scripts', () => {
  browserTest(
    'every page is there, and nothing has to be scrolled sideways on a small screen',
    async () => {
      const { page: scripted } = await signedIn('operator');
      const paths = await reachablePages(scripted, origin);
      const { page } = await signedIn('operator', {
        javaScriptEnabled: false,
        viewport: { width: 1000, height: 700 },
      });
      for (const path of paths) {
        const answer = await page.goto(origin + path);
        expect([path, answer?.status()]).toEqual([path, 200]);
        expect(await page.locator('main h1').count()).toBe(1);
      }
      await scripted.setViewportSize({ width: 1000, height: 700 });
      for (const path of paths) {
        await scripted.goto(origin + path);
        const wide = await scripted.evaluate<number>('document.documentElement.scrollWidth');
        expect([path, wide]).toEqual([path, 1000]);
      }
    },
    120_000,
  );

  browserTest('a file is put aside, and the numbers are in the table', async () => {
    const { page } = await signedIn('operator', { javaScriptEnabled: false });
    await page.getByText('The numbers as a table').click();
    await page.locator('#activity-table tbody tr').nth(23).waitFor();
    await page.goto(`${origin}/files`);
    await page.locator('main table a').first().click();
    const hold = page.locator('details.action', { hasText: 'Put aside' });
    await hold.locator('summary').click();
    await hold.getByLabel('Reason').fill('asked for by the warehouse');
    await hold.getByRole('button').click();
    await page.getByText('held').first().waitFor();
  });
});
