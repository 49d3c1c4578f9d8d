import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import { pages } from '../../console/pages/registry.ts';
import { consolePort } from '../support/console-port.ts';
import { findBrowser, launchBrowser, reachablePages, signInto } from '../support/console-crawl.ts';
import { install, type Program, type TestInstallation } from '../support/installation.ts';

/** The console in a real browser: every page that can be reached, with what scripts, policies and readers make of it. */

const executablePath = findBrowser();
// A machine without a browser cannot run these; the reporter names what was left out, and under CI it fails.
const browserTest = executablePath === undefined ? test.skip : test;

const password = 'correct horse battery staple';
const hostile = '<img src=x onerror="document.title=1">"\'';

let installation: TestInstallation;
let program: Program;
let browser: Browser;
let origin: string;
let axe: string;

beforeAll(async () => {
  if (executablePath === undefined) return;
  axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
  installation = await install();
  await installation.configure([[['console', 'address'], '127.0.0.1:0']]);
  await someWork();
  for (const role of ['viewer', 'operator', 'administrator']) {
    const file = join(installation.home, 'password');
    await writeFile(file, password, { mode: 0o600 });
    await installation.enrol('user', 'add', role, '--role', role, '--password-file', file);
  }
  program = installation.start(['console']);
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

/** An order of a customer with a strange name, and a file that is refused. */
async function someWork(): Promise<void> {
  const order = {
    id: '884210',
    customer: hostile,
    orderDate: '2026-01-12T09:15:00Z',
    enrolmentRequired: true,
    organisations: { apple: '7100456' },
    lines: [{ lineNumber: 1, product: hostile, quantity: 1, provider: 'apple' }],
  };
  const orders = join(installation.home, 'orders.json');
  await writeFile(orders, JSON.stringify([order]));
  await installation.enrol('orders', 'import', orders);
  await installation.addPartner('warehouse');
  await installation.drop('inboundSalesOrderDispatch', 'plain.json', Buffer.from('{}'));
  await installation.run('loader', '--once');
  await installation.enrol('job', 'run', 'deviceEnrolmentRequest');
}

/** A page of somebody who has signed in; what the browser complains about is collected. */
async function signedIn(
  role: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) complaints.push(`a request to ${request.url()}`);
  });
  await signInto(page, `${origin}/`, role, password);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { page, complaints };
}

browserTest(
  'O10: every page is shown without a complaint of the browser, and can be used by everybody',
  async () => {
    const { page, complaints } = await signedIn('administrator');
    const paths = await reachablePages(page, origin);
    const menu = pages.filter(({ menu }) => menu !== undefined).map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(menu));
    expect(complaints).toEqual([]);
    // Our policy lets nobody put a script into a page, so that axe has to come past it.
    const { page: examined } = await signedIn('administrator', { bypassCSP: true });
    for (const path of paths) {
      await examined.emulateMedia({ colorScheme: 'light' });
      await examined.goto(origin + path);
      await examined.evaluate(axe);
      expect([path, await seriousFindings(examined)]).toEqual([path, []]);
      // Colours are all that is different then.
      await examined.emulateMedia({ colorScheme: 'dark' });
      expect([path, await seriousFindings(examined, ['color-contrast'])]).toEqual([path, []]);
    }
  },
  600_000,
);

/** What axe has against a page. @param rules only these; undefined: all that it has */
const seriousFindings = (page: Page, rules?: readonly string[]): Promise<string[]> =>
  page.evaluate(
    `axe.run(${JSON.stringify(rules === undefined ? {} : { runOnly: rules })}).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ' ' + nodes[0].html))`,
  );

browserTest('O10: text from files and orders is shown as it is, and never run', async () => {
  const { page, complaints } = await signedIn('viewer');
  await page.goto(`${origin}/orders/884210`);
  await expect(page.getByText(hostile).first().innerText()).resolves.toBe(hostile);
  expect(await page.title()).toContain('884210');
  expect(complaints).toEqual([]);
});

browserTest('a viewer sees and an operator acts; the reason is in the audit', async () => {
  const viewer = await signedIn('viewer');
  await viewer.page.goto(`${origin}/files`);
  await viewer.page.locator('main table a').first().click();
  expect(await viewer.page.getByText('Put aside').count()).toBe(0);

  const { page } = await signedIn('operator');
  await page.goto(viewer.page.url());
  const hold = page.locator('details', { hasText: 'Put aside (hold)' });
  await hold.locator('summary').click();
  await hold.getByLabel('Reason').fill('asked for by the warehouse');
  await page.keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: 'is held' }).waitFor();

  const administrator = await signedIn('administrator');
  await administrator.page.goto(`${origin}/audit`);
  await expect(administrator.page.locator('main').innerText()).resolves.toContain(
    'asked for by the warehouse',
  );
});

browserTest('a session that has ended leads to the sign-in, and from there back', async () => {
  const { page } = await signedIn('operator');
  await page.context().clearCookies();
  await page.goto(`${origin}/files`);
  await page.getByLabel('Name').fill('operator');
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${origin}/files`);
});

browserTest(
  'the first steps with the keyboard lead past the menu, and everything shows where one is',
  async () => {
    const { page } = await signedIn('viewer');
    await page.goto(`${origin}/jobs`);
    const focused = () => page.evaluate<string>(`document.activeElement?.textContent.trim() ?? ''`);
    await page.keyboard.press('Tab');
    expect(await focused()).toMatch(/skip|content/i);
    await expect(page.locator('nav [aria-current="page"]').innerText()).resolves.toBe('Jobs');
  },
);
