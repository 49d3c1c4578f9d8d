import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import SqliteDatabase from 'better-sqlite3';

import { table } from '../bin/output.ts';
import { Installation } from '../demo/installation.ts';
import { ConsoleBrowser } from '../test/support/console-browser.ts';
import { freePort } from '../test/support/free-port.ts';
import { forPrograms, heavyPages, linkedPages, plainPages, type Asked } from './console-pages.ts';
import { fillStore, landmarksOf, type Landmarks } from './console-store.ts';

/**
 * How fast the console's pages are over a large store: each page is asked for again and again, alone, and then beside a
 * process that loads devices all the time. A page whose median is above the limit is a failure.
 *
 *   npm run bench:console [-- --devices 1000000 --files 100000 --rounds 20 --json FILE --home FOLDER]
 *
 * `--home` keeps the installation there, and takes it again when it is there: filling a store takes minutes.
 */
const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '1000000' },
    files: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '20' },
    json: { type: 'string' },
    home: { type: 'string' },
  },
});
const size = { devices: Number(values.devices), files: Number(values.files) };
const rounds = Number(values.rounds);
const limitMilliseconds = 300;
const password = 'correct horse battery';
/** No database and no page is behind it. */
const reference: Asked = { name: 'reference: the sign-in page', path: '/sign-in', as: 'stranger' };
/** The API lets a token ask so often only, within a minute: the requests are spread over several. */
const tokens = 4;
const metricsToken = 'only-for-the-bench';

interface Figures extends Asked {
  readonly median: number;
  readonly worst: number;
  readonly status: number;
}

const home = values.home ?? (await mkdtemp(join(tmpdir(), 'enrol-bench-')));
const installation = new Installation(home);
try {
  process.exitCode = await bench();
} finally {
  await installation.stop();
  if (values.home === undefined) await rm(home, { recursive: true });
}

async function bench(): Promise<number> {
  const marks = await prepare();
  const origin = await startConsole();
  const browser = new ConsoleBrowser({ origin });
  const { status } = await browser.signIn('bench', password);
  if (status !== 303) throw new Error(`signing in was answered with ${status}`);
  const { pages, missing } = await findPages(browser, marks);
  const callers = await callersOf(browser);
  const alone = await measureAll(callers, pages);
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'console-writer.ts'), storeFile()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let written = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => (written += text));
  const closed = once(writer, 'close');
  await Promise.race([once(writer.stdout, 'data'), closed]);
  const beside = await measureAll(callers, pages);
  writer.kill('SIGTERM');
  await closed;
  return report(alone, beside, missing, written.trim().split('\n').at(-1) ?? '');
}

async function prepare(): Promise<Landmarks> {
  if (await isThere(storeFile())) {
    const db = new SqliteDatabase(storeFile(), { readonly: true });
    const marks = landmarksOf(db);
    db.close();
    return marks;
  }
  await installation.enrol('init');
  const begin = performance.now();
  const marks = fillStore(storeFile(), size);
  process.stderr.write(`store filled in ${Math.round((performance.now() - begin) / 1000)} s\n`);
  const secret = join(home, 'password');
  await writeFile(secret, `${password}\n`, { mode: 0o600 });
  await installation.enrol('user', 'add', 'bench', '--role', 'administrator', '--password-file', secret);
  await mkdir(dirname(installation.spool(marks.rejectedPlace)), { recursive: true });
  await writeFile(installation.spool(marks.rejectedPlace), 'not sealed');
  await dropFiles(Math.ceil(size.files / 10));
  for (let n = 0; n < tokens; n++) {
    const words = ['--role', 'administrator', '--reason', 'bench', '--file', tokenFile(n)];
    await installation.enrol('token', 'add', `bench-${n}`, ...words);
  }
  await writeFile(join(home, 'var', 'metrics-token'), `${metricsToken}\n`, { mode: 0o600 });
  return marks;
}

/** Files that wait in one inbox. */
async function dropFiles(count: number): Promise<void> {
  for (let from = 0; from < count; from += 200) {
    const names = Array.from(
      { length: Math.min(200, count - from) },
      (_, index) => `waiting-${from + index}.pgp`,
    );
    await Promise.all(
      names.map((name) => writeFile(installation.spool('inboundSalesOrderDispatch', 'in', name), 'x')),
    );
  }
}

function storeFile(): string {
  return join(home, 'var', 'enrol.db');
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** @returns its address */
async function startConsole(): Promise<string> {
  const port = await freePort();
  await installation.configure([
    [['console', 'address'], `127.0.0.1:${port}`],
    [['console', 'metricsTokenFile'], 'var/metrics-token'],
  ]);
  await installation.startDaemon('console');
  const origin = `http://127.0.0.1:${port}`;
  for (;;) {
    const said = await readFile(join(home, 'var', 'log', 'console.out'), 'utf8');
    if (said.includes(`"port":${port}`)) return origin;
    if (installation.ended().length > 0) throw new Error(`the console has ended: ${said}`);
    await pause(100);
  }
}

/** Reads every page once, and finds those that they link to. */
async function findPages(
  browser: ConsoleBrowser,
  marks: Landmarks,
): Promise<{ pages: Asked[]; missing: string[] }> {
  const pages = [...plainPages, ...heavyPages(marks, size)];
  const links = new Set<string>(pages.map(({ path }) => path));
  for (const { path } of pages) {
    const { text } = await browser.get(path);
    for (const [, link = ''] of text.matchAll(/href="(\/[^"]*)"/g)) links.add(link.replaceAll('&amp;', '&'));
  }
  const { found, missing } = linkedPages(links);
  const known = new Set(pages.map(({ path }) => path));
  const others = found.filter(({ path }) => !known.has(path));
  return { pages: [...pages, ...others, ...forPrograms(marks)], missing };
}

/** Asks for a page, the n-th of all. @returns the status */
type Caller = (path: string, n: number) => Promise<number>;

async function callersOf(
  person: ConsoleBrowser,
): Promise<Record<NonNullable<Asked['as']> | 'person', Caller>> {
  const stranger = new ConsoleBrowser(person.place);
  const names = Array.from({ length: tokens }, (_, n) => readFile(tokenFile(n), 'utf8'));
  const secrets = (await Promise.all(names)).map((text) => text.trim());
  const bearer = async (path: string, token: string) =>
    (await stranger.get(path, { authorization: `Bearer ${token}` })).status;
  return {
    person: async (path) => (await person.get(path)).status,
    stranger: async (path) => (await stranger.get(path)).status,
    program: (path, n) => bearer(path, secrets[n % tokens] ?? ''),
    scraper: (path) => bearer(path, metricsToken),
  };
}

function tokenFile(n: number): string {
  return join(home, 'var', `token-${n}`);
}

async function measureAll(
  callers: Awaited<ReturnType<typeof callersOf>>,
  pages: readonly Asked[],
): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (const [n, page] of [reference, ...pages].entries()) {
    figures.push(await measure((path) => callers[page.as ?? 'person'](path, n), page));
  }
  return figures;
}

async function measure(ask: (path: string) => Promise<number>, page: Asked): Promise<Figures> {
  const times: number[] = [];
  let status = 0;
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    status = await ask(page.path);
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  return { ...page, status, median: times[Math.floor(rounds / 2)] ?? 0, worst: times.at(-1) ?? 0 };
}

async function report(
  alone: readonly Figures[],
  beside: readonly Figures[],
  missing: readonly string[],
  written: string,
): Promise<number> {
  const base = alone[0]?.median ?? 1;
  const isSlow = (index: number) =>
    [alone[index], beside[index]].some((each) => (each?.median ?? 0) > limitMilliseconds);
  const rows = alone.map((page, index) => [
    page.name,
    page.path,
    ...[page.median, page.worst].map((value) => value.toFixed(1)),
    (page.median / base).toFixed(1),
    ...[beside[index]?.median, beside[index]?.worst].map((value) => (value ?? 0).toFixed(1)),
    page.status === 200 ? '' : `status ${page.status}`,
    isSlow(index) ? `ABOVE ${limitMilliseconds} ms` : '',
  ]);
  const titles = ['page', 'path', 'median ms', 'worst ms', 'ratio', 'median beside', 'worst beside', '', ''];
  console.log(`${size.devices} devices, ${size.files} files, ${rounds} times each; Node ${process.version}`);
  console.log(table(titles, rows).join('\n'));
  console.log(`the process beside it wrote ${written}`);
  for (const path of missing) console.log(`no page links to ${path}: it was not measured`);
  const failed = alone.filter((page, index) => page.status !== 200 || isSlow(index));
  const summary = { ...size, rounds, limitMilliseconds, pages: alone.length, failed: failed.length, missing };
  console.log(JSON.stringify(summary));
  if (values.json !== undefined)
    await writeFile(values.json, JSON.stringify({ ...summary, alone, beside, written }, null, 2));
  return failed.length > 0 || missing.length > 0 ? 1 : 0;
}
