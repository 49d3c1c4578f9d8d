import { appendFile, mkdir, rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { eventLine } from '../../shared/runtime/log.ts';
import type { Level } from '../../shared/runtime/events.ts';
import { emptyHome, enrolEntry, Program, writeInto, type TestInstallation } from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

let installation: TestInstallation;
let folder: string;
beforeEach(async () => {
  installation = await emptyHome();
  folder = join(installation.home, 'log');
  await mkdir(folder);
  await mkdir(join(installation.home, 'config'));
  await writeInto(installation, 'config/enrol.yaml', 'log:\n  folder: log\n');
});
afterEach(() => installation.close());

let seconds = 0;
/** A line of a daemon, each a second later than the one before. */
async function log(daemon: string, event: string, level: Level = 'info', fields: object = {}): Promise<void> {
  const line = eventLine(new Date(Date.UTC(2026, 4, 6, 12, 0, seconds++)), level, daemon, event, fields);
  await appendFile(join(folder, `${daemon}.log`), `${line}\n`);
  if (level === 'error' || level === 'warn') await appendFile(join(folder, 'failures.log'), `${line}\n`);
}

/** Jest has its workers believe in colours. */
const noForce = { FORCE_COLOR: undefined };

const tail = (words: readonly string[], env: NodeJS.ProcessEnv = {}): Program =>
  installation.start(['tail', ...words], { env: { TZ: 'Europe/Berlin', ...noForce, ...env } });

const eventsIn = (stdout: string): unknown[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { event?: string; unreadable?: string }).event);

const fault = { code: 'KEY_MISSING', class: 'environment', detail: 'no key of "us"', action: 'Import it.' };

describe('what there is', () => {
  test('lines of all daemons by time, for people: local time, fields, what to do; nothing steers the terminal', async () => {
    await log('loader', 'daemon.ready');
    await log('adaptor', 'daemon.ready');
    await log('loader', 'file.held', 'error', { file: 'a\n\u001b[31m b', delivery: 3, ...fault });
    await appendFile(join(folder, 'loader.log'), 'Segmentation\u001b[2J fault\n');
    const { stdout, stderr, code } = await tail([]).exit;
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const time = (line: string) =>
      expect.stringMatching(new RegExp(`^2026-05-06 14:00:\\d\\d\\.000  ${line}$`));
    expect(stdout.split('\n')).toEqual([
      time('info   loader     daemon\\.ready'),
      time('info   adaptor    daemon\\.ready'),
      time(
        'error  loader     file\\.held  file="a\\\\n\\\\u001b\\[31m b"  delivery=3  code=KEY_MISSING  detail="no key of \\\\"us\\\\""',
      ),
      '    What to do: Import it.',
      'Segmentation\\u{1b}[2J fault',
      '',
    ]);
  });

  test('only failures, of some daemons, of a level, so many; with --json as they stand there', async () => {
    for (const daemon of ['loader', 'adaptor', 'console']) {
      await log(daemon, 'daemon.ready');
      await log(daemon, 'file.deferred', 'warn');
      await log(daemon, 'file.held', 'error', fault);
    }
    await appendFile(join(folder, 'console.log'), 'Killed\n');
    const asked = async (...words: string[]) => eventsIn((await tail([...words, '--json']).exit).stdout);
    expect(await asked('--failures')).toEqual(
      Array.from({ length: 3 }, () => ['file.deferred', 'file.held']).flat(),
    );
    expect(await asked('--failures', '--daemon', 'loader', '--level', 'error')).toEqual(['file.held']);
    expect(await asked('--daemon', 'loader', 'adaptor', '--level', 'warn', '-n', '3')).toEqual([
      'file.held',
      'file.deferred',
      'file.held',
    ]);
    // What is none of our lines is no less an object.
    expect(await asked('-n', '2')).toEqual(['file.held', undefined]);
    expect(await asked('-n', '0')).toEqual([]);
  });

  test('a few lines are found far behind many that are not wanted', async () => {
    await log('loader', 'file.held', 'error', fault);
    await log('loader', 'daemon.stopped');
    await appendFile(
      join(folder, 'loader.log'),
      `${eventLine(new Date(), 'info', 'loader', 'daemon.ready', { filler: 'x'.repeat(500) })}\n`.repeat(
        2000,
      ),
    );
    const { stdout } = await tail(['--level', 'error', '--json']).exit;
    expect(eventsIn(stdout)).toEqual(['file.held']);
  });

  test('colours are for terminals, and for nobody who sets NO_COLOR', async () => {
    await log('loader', 'daemon.ready');
    const onTerminal = async (env: NodeJS.ProcessEnv) => {
      const command = `"${process.execPath}" "${enrolEntry}" --home "${installation.home}" tail`;
      // Node takes what it runs in for a build server, without colours, by CI.
      const terminal = { ...noForce, CI: undefined, TERM: 'xterm-256color' };
      const options = { node: 'script', env: { ...terminal, ...env } };
      return (await new Program(['-qec', command, '/dev/null'], options).exit).stdout;
    };
    // eslint-disable-next-line no-control-regex -- what colours begin with
    const colour = /\u001b\[/;
    expect(await onTerminal({})).toMatch(colour);
    expect(await onTerminal({ NO_COLOR: '1' })).not.toMatch(colour);
    expect((await tail([]).exit).stdout).not.toMatch(colour);
  });
});

describe('what comes', () => {
  const follow = (...words: string[]) => tail(['--follow', '--json', ...words]);
  const seen = (program: Program, count: number) =>
    waitFor(`${count} lines`, () => program.stdout.split('\n').length > count || undefined);

  test('O03: it goes on through rotation, cutting, and with files that were not there; Ctrl-C ends it with 0', async () => {
    await log('loader', 'daemon.started');
    const program = follow();
    await seen(program, 1);
    await log('loader', 'daemon.ready');
    await seen(program, 2);
    await rename(join(folder, 'loader.log'), join(folder, 'loader.log.1'));
    await log('loader', 'task.resumed');
    await seen(program, 3);
    await truncate(join(folder, 'loader.log'));
    await log('loader', 'file.done');
    await log('adaptor', 'daemon.started');
    await seen(program, 5);
    expect(await program.end('SIGINT')).toMatchObject({ code: 0, stderr: '' });
    expect(eventsIn(program.stdout)).toEqual([
      'daemon.started',
      'daemon.ready',
      'task.resumed',
      'file.done',
      'daemon.started',
    ]);
  });

  test('of failures only those of the daemon that was asked for', async () => {
    const program = follow('--failures', '--daemon', 'loader');
    await waitFor('the word that there is none', () => program.stderr.includes('no log yet') || undefined);
    await log('adaptor', 'file.held', 'error');
    await log('loader', 'file.deferred', 'warn');
    await seen(program, 1);
    expect(await program.end('SIGTERM')).toMatchObject({ code: 0 });
    expect(eventsIn(program.stdout)).toEqual(['file.deferred']);
  });

  test('O04: a reader that has had enough ends it in silence', async () => {
    await log('loader', 'daemon.started');
    const program = follow();
    await seen(program, 1);
    program.child.stdout?.destroy();
    await log('loader', 'daemon.ready');
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });
});

test('without log.folder it says where the log is', async () => {
  await writeInto(installation, 'config/enrol.yaml', '{}\n');
  expect(await tail([]).exit).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('journalctl'),
  });
  expect((await installation.json('tail')).value).toMatchObject({ error: { code: 'NOT_ALLOWED' } });
});
