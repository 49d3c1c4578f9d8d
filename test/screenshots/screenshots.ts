import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import type { Browser } from 'playwright-core';

import { consolePort } from '../support/console-port.ts';
import { findBrowser, launchBrowser, reachablePages, signInto } from '../support/console-crawl.ts';
import { daemons, TestInstallation } from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * Pictures of every page of the console, in both themes and for two screens, to be looked at. They show what the demo
 * leaves behind.
 *
 *   npm run screenshots                   into var/screenshots/
 *   npm run screenshots -- --out DIR
 *   npm run screenshots -- --home DIR     of an installation that is there, which the demo has kept
 */

const password = 'correct horse battery staple';
const administrator = 'alice';
const widths = [1280, 1000];
const themes = ['light', 'dark'] as const;

const { values: options } = parseArgs({
  options: { out: { type: 'string', default: 'var/screenshots' }, home: { type: 'string' } },
});
const executablePath = findBrowser();
if (executablePath === undefined) throw new Error('there is no Chromium on this machine');
const home = options.home ?? (await playDemo());
const installation = new TestInstallation(home);
const browser = await launchBrowser(executablePath);
try {
  const count = await takeAll(browser, await startConsole(), resolve(options.out));
  console.log(`${count} pictures in ${resolve(options.out)}`);
} finally {
  await browser.close();
  await installation.stop();
  if (options.home === undefined) await installation.close();
}

/** @returns the folder that the demo leaves */
async function playDemo(): Promise<string> {
  const demo = fileURLToPath(new URL('../../demo/demo.js', import.meta.url));
  const child = spawn(process.execPath, [demo, '--keep'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const kept = /The installation is kept: (\S+)/.exec(said)?.[1];
  if (kept === undefined) throw new Error(`the demo has failed:\n${said}`);
  return kept;
}

/** @returns where the console listens, with every daemon beside it */
async function startConsole(): Promise<string> {
  await installation.configure([
    [['console', 'address'], '127.0.0.1:0'],
    [['log', 'folder'], 'var/log'],
  ]);
  const file = join(home, 'password');
  await writeFile(file, password, { mode: 0o600 });
  await installation.run('user', 'add', administrator, '--role', 'administrator', '--password-file', file);
  for (const name of daemons) await installation.startDaemon(name);
  // What an earlier console has said is not what this one says.
  const said = join(home, 'var', 'log', 'console.out');
  await rm(said, { force: true });
  await installation.startDaemon('console');
  const port = await waitFor('the console', async () => {
    return consolePort(await readFile(said, 'utf8'));
  });
  return `http://127.0.0.1:${port}`;
}

async function takeAll(opened: Browser, origin: string, out: string): Promise<number> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  let count = 0;
  for (const theme of themes) {
    for (const width of widths) count += await takePages(opened, origin, { out, theme, width });
  }
  return count;
}

interface Setting {
  readonly out: string;
  readonly theme: (typeof themes)[number];
  readonly width: number;
}

async function takePages(opened: Browser, origin: string, { out, theme, width }: Setting): Promise<number> {
  const context = await opened.newContext({ colorScheme: theme, viewport: { width, height: 800 } });
  const page = await context.newPage();
  const take = async (path: string, name = nameOf(path)) => {
    await page.goto(origin + path);
    await page.screenshot({ path: join(out, `${name}-${theme}-${width}.png`), fullPage: true });
  };
  await take('/sign-in');
  await signInto(page, origin, administrator, password);
  const paths = [...(await reachablePages(page, origin)), '/?range=30d', '/nothing-here'];
  for (const path of paths) await take(path);
  await page.emulateMedia({ media: 'print' });
  await take('/', 'print');
  await context.close();
  return paths.length + 2;
}

function nameOf(path: string): string {
  return path === '/'
    ? 'overview'
    : decodeURIComponent(path)
        .slice(1)
        .replace(/[^\w.-]+/g, '_');
}
