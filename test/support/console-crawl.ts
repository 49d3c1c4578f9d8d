import { spawnSync } from 'node:child_process';

import { chromium, type Browser, type Page } from 'playwright-core';

import { pages } from '../../console/pages/registry.ts';

/** The console in the browser of this machine. */

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of the browser; undefined where there is none. */
export function findBrowser(): string | undefined {
  for (const name of names) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`])
      .stdout.toString()
      .trim();
    if (found !== '') return found;
  }
  return undefined;
}

export function launchBrowser(executablePath: string): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}

/** Signs in on the page that a visit without a session shows. */
export async function signInto(page: Page, address: string, name: string, password: string): Promise<void> {
  await page.goto(address);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByText('Signed in as').waitFor();
}

/** Of one kind of page, as many as are looked at. */
const examples = 2;

/** `/files/7` and `/files/8` are of one kind. */
const kindOf = (path: string): string =>
  pages.find((page) => new RegExp(`^${page.path.replace(/:\w+/g, '[^/]+')}$`).test(path))?.path ?? path;

/** Paths of pages that links lead to from the overview on, some of each kind. */
export async function reachablePages(page: Page, origin: string): Promise<string[]> {
  const found = new Set(['/']);
  for (const path of found) {
    await page.goto(origin + path);
    const links = await page.evaluate<string[]>(
      `[...document.querySelectorAll('main a, nav.menu a, .account a')].map((a) => a.getAttribute('href'))`,
    );
    for (const link of links
      .filter((each) => each.startsWith('/'))
      .map((each) => each.replace(/[?#].*/, ''))) {
      const others = [...found].filter((each) => kindOf(each) === kindOf(link));
      if (others.length < examples) found.add(link);
    }
  }
  return [...found];
}
