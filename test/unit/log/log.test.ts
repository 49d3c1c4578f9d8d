import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import {
  copyFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { eventLine } from '../../../shared/runtime/log.ts';
import { waitFor } from '../../support/wait-for.ts';

let folder: string;
/** Killed after each test, so that one that fails leaves no process behind. */
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'enrol-log-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const logModule = new URL('../../../shared/runtime/log.ts', import.meta.url).href;

/** What the process runs: a script with `createLog` and `folder` at hand. */
const source = (script: string): string => `import { createLog } from ${JSON.stringify(logModule)};
  const folder = ${JSON.stringify(folder)};
  ${script}`;

/** A process of its own that runs a script. */
function start(script: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source(script)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { child, exited, stderr: text(child.stderr).catch(() => '') };
}

/**
 * The same, with stdout led into a file, and with files that can grow to so many kilobytes: a disk that takes half a
 * line and no more, until the file has been cut. The script can wait for `word()`s of the test.
 */
function startLimited(script: string, kilobytes: number) {
  const stdout = openSync(join(folder, 'stdout'), 'a');
  const words = `import { createInterface } from 'node:readline';
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const word = () => lines.next();
    ${script}
    process.stdin.destroy();`;
  const node = [process.execPath, '--input-type=module', '-e', source(words)];
  const child = spawn('bash', ['-c', `ulimit -f ${kilobytes} && exec "$@"`, 'bash', ...node], {
    stdio: ['pipe', stdout, 'pipe'],
  });
  closeSync(stdout);
  children.push(child);
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const stderr = child.stderr ? text(child.stderr) : Promise.resolve('');
  return { say: () => child.stdin?.write('go on\n'), exited, stderr };
}

async function run(script: string) {
  const { child, exited, stderr } = start(script);
  const stdout = await text(child.stdout);
  return { stdout: parse(stdout), stderr: await stderr, exit: await exited };
}

const parse = (lines: string) =>
  lines
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const logged = async (name: string) => parse(await readFile(join(folder, name), 'utf8'));

describe('lines', () => {
  test('time, level, daemon and event come first, in this order', async () => {
    const { stdout } = await run(`
      const log = createLog({ daemon: 'loader', level: 'info' });
      log.emit('task.resumed', { task: 'inboundDeviceEnrolment' });
      await log.close();`);
    expect(stdout).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: 'info',
        daemon: 'loader',
        event: 'task.resumed',
        task: 'inboundDeviceEnrolment',
      },
    ]);
    expect(Object.keys(stdout[0] ?? {})).toEqual(['time', 'level', 'daemon', 'event', 'task']);
  });

  test('A21: a hostile file name stays in its line and steers no terminal', () => {
    const file = 'a\nb\r\u001b[31m\u009b2J\u202egnp\u2028\u2066\u{e0001}é😀';
    const line = eventLine(new Date(0), 'info', 'loader', 'file.done', { file });
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\u{e0001}]/u);
    expect(line).toContain('é😀');
    expect(JSON.parse(line)).toMatchObject({ file });
  });

  test('less severe events are left out', async () => {
    const { stdout } = await run(`
      const log = createLog({ daemon: 'loader', level: 'warn', folder });
      log.emit('task.resumed', { task: 'a' });
      log.emit('doorbell.failed', { inbox: 'a', detail: 'gone' });
      await log.close();`);
    expect(stdout.map(({ event }) => event)).toEqual(['doorbell.failed']);
    expect(await logged('loader.log')).toEqual(stdout);
  });
});

describe('closing', () => {
  test('every line arrives in the pipe and in the file, also the last before the process exits', async () => {
    const { stdout, exit } = await run(`
      const log = createLog({ daemon: 'loader', level: 'info', folder });
      for (let i = 0; i < 5000; i++) log.emit('daemon.stopping', { reason: 'line ' + i + 'x'.repeat(200) });
      log.emit('daemon.stopped', { exitCode: 0 });
      await log.close();
      process.exit(0);`);
    expect(exit).toBe(0);
    expect(stdout).toHaveLength(5001);
    expect(stdout.at(-1)).toMatchObject({ event: 'daemon.stopped' });
    expect(stdout.slice(0, -1).every(({ reason }, i) => String(reason).startsWith(`line ${i}x`))).toBe(true);
    expect(await logged('loader.log')).toEqual(stdout);
  });

  /** What comes out of a process that tells 2000 lines and exits, where a shell reads its stdout as it likes. */
  async function readBy(reader: string) {
    const script = `
      const log = createLog({ daemon: 'loader', level: 'info', folder });
      for (let i = 0; i < 2000; i++) log.emit('daemon.stopping', { reason: 'line ' + i + 'x'.repeat(200) });
      await log.close();
      process.exit(0);`;
    const node = [process.execPath, '--input-type=module', '-e', source(script)];
    const child = spawn('bash', ['-c', `"$@" 2> stderr | (${reader})`, 'bash', ...node], { cwd: folder });
    children.push(child);
    const stdout = await text(child.stdout);
    return { stdout, stderr: await readFile(join(folder, 'stderr'), 'utf8') };
  }

  test('nothing is lost where stdout is read so slowly that closing takes long', async () => {
    // A pipe holds 64 kB: after each pause there is as much again.
    const { stdout, stderr } = await readBy('for i in 1 2 3 4; do sleep 0.9; head -c 65536; done; cat');
    expect(stderr).toBe('');
    expect(parse(stdout)).toHaveLength(2000);
    expect(await logged('loader.log')).toEqual(parse(stdout));
  });

  test('a reader that has stopped is given up, and it is told how much he misses; the file has it', async () => {
    const { stdout, stderr } = await readBy('until [ -s stderr ]; do sleep 0.1; done; cat');
    const [, missed = ''] =
      /^log: (\d+) line\(s\) were not taken from stdout, and are given up\n$/.exec(stderr) ?? [];
    const whole = stdout.split('\n').length - 1;
    expect(2000 - whole - Number(missed)).toBe(0);
    expect(await logged('loader.log')).toHaveLength(2000);
  });

  test('what is told after the end is dropped in silence, and closing twice is allowed', async () => {
    const { stdout, stderr, exit } = await run(`
      const log = createLog({ daemon: 'loader', level: 'info' });
      await log.close();
      await log.close();
      log.emit('daemon.stopped', { exitCode: 0 });`);
    expect({ stdout, stderr, exit }).toEqual({ stdout: [], stderr: '', exit: 0 });
  });
});

describe('files', () => {
  const failure = `log.emit('task.stopped', { task: 'a', nextTryAt: '', code: 'NO_SPACE', class: 'environment', detail: 'd', action: 'a' });`;

  test('failures of all daemons come together in failures.log', async () => {
    const script = (daemon: string) => `
      const log = createLog({ daemon: '${daemon}', level: 'info', folder });
      log.emit('daemon.ready', {});
      for (let i = 0; i < 100; i++) { ${failure} }
      await log.close();`;
    await Promise.all([run(script('loader')), run(script('adaptor'))]);
    const failures = await logged('failures.log');
    expect(failures).toHaveLength(200);
    expect(new Set(failures.map(({ daemon }) => daemon))).toEqual(new Set(['loader', 'adaptor']));
    expect(failures.every(({ level }) => level === 'error')).toBe(true);
    expect(await logged('loader.log')).toHaveLength(101);
  });

  test('failures.log does not take warnings when the log takes errors only', async () => {
    await run(`
      const log = createLog({ daemon: 'loader', level: 'error', folder });
      log.emit('doorbell.failed', { inbox: 'a', detail: 'd' });
      ${failure}
      await log.close();`);
    expect((await logged('failures.log')).map(({ event }) => event)).toEqual(['task.stopped']);
  });

  test('O03: a file that was moved away by rotation is begun anew, without a signal', async () => {
    const { child, exited } = start(`
      const log = createLog({ daemon: 'loader', level: 'info', folder });
      log.emit('task.resumed', { task: 'before' });
      process.stdin.once('data', async () => {
        log.emit('task.resumed', { task: 'after' });
        await log.close();
        process.exit(0);
      });`);
    child.stdout.once('data', () => {
      void rename(join(folder, 'loader.log'), join(folder, 'loader.log.1')).then(() =>
        child.stdin.write('go'),
      );
    });
    await exited;
    expect(await logged('loader.log.1')).toMatchObject([{ task: 'before' }]);
    expect(await logged('loader.log')).toMatchObject([{ task: 'after' }]);
  });

  test('O03: no line is lost, however often the file is moved away while lines are written', async () => {
    const count = 20_000;
    const { exited } = start(`
      const log = createLog({ daemon: 'loader', level: 'info', folder });
      for (let i = 0; i < ${count}; i++) {
        log.emit('daemon.stopping', { reason: String(i) });
        if (i % 50 === 0) await new Promise(setImmediate);
      }
      await log.close();
      process.exit(0);`);
    const state = { over: false };
    void exited.then(() => (state.over = true));
    const rotated: string[] = [];
    while (!state.over) {
      const name = `loader.log.${String(rotated.length)}`;
      await rename(join(folder, 'loader.log'), join(folder, name)).then(
        () => rotated.push(name),
        () => new Promise(setImmediate), // Not there yet.
      );
    }
    expect(await exited).toBe(0);
    expect(rotated.length).toBeGreaterThan(10);
    const all = (await readdir(folder)).includes('loader.log') ? [...rotated, 'loader.log'] : rotated;
    const lines = (await Promise.all(all.map(logged))).flat();
    expect(lines.map(({ reason }) => Number(reason))).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test('O03: a file that is copied and then cut is gone on with from its beginning', async () => {
    const { child, exited } = start(`
      const log = createLog({ daemon: 'loader', level: 'info', folder });
      for (let i = 0; i < 100; i++) log.emit('task.resumed', { task: 'before' });
      process.stdin.once('data', async () => {
        log.emit('task.resumed', { task: 'after' });
        await log.close();
        process.exit(0);
      });`);
    await waitFor('the lines', async () => (await logged('loader.log').catch(() => [])).length === 100);
    await copyFile(join(folder, 'loader.log'), join(folder, 'loader.log.1'));
    await truncate(join(folder, 'loader.log'));
    child.stdin.write('go');
    await exited;
    expect(await logged('loader.log.1')).toHaveLength(100);
    expect(await logged('loader.log')).toMatchObject([{ task: 'after' }]);
  });

  test('a folder that cannot be written is complained about once on stderr; stdout goes on', async () => {
    await writeFile(join(folder, 'plain'), '');
    const { stdout, stderr, exit } = await run(`
      const log = createLog({ daemon: 'loader', level: 'info', folder: folder + '/plain' });
      for (let i = 0; i < 10; i++) log.emit('task.resumed', { task: 'a' });
      await log.close();`);
    expect(stdout).toHaveLength(10);
    expect(exit).toBe(0);
    expect(stderr.match(/cannot write to .*loader\.log/g)).toHaveLength(1);
    expect(stderr).toMatch(/10 line\(s\) were not written to .*loader\.log\n$/);
  });
});

describe('R03: a disk that is full', () => {
  test('is complained about once; when it has room the file tells how many lines it misses', async () => {
    await symlink('/dev/full', join(folder, 'loader.log'));
    const { child, exited, stderr } = start(`
      const counted = [];
      const onEvent = (name) => counted.push(name);
      const log = createLog({ daemon: 'loader', level: 'info', folder, onEvent });
      for (let i = 0; i < 7; i++) log.emit('task.resumed', { task: 'lost' });
      process.stdin.once('data', async () => {
        log.emit('task.resumed', { task: 'first' });
        log.emit('task.resumed', { task: 'second' });
        await log.close();
        // An alarm goes by it.
        process.exit(counted.filter((name) => name === 'log.lost').length);
      });`);
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (stdout += more));
    // The files come before stdout, so that by then all of them have failed there.
    await waitFor('seven lines', () => parse(stdout).length === 7 || undefined);
    await rm(join(folder, 'loader.log'));
    child.stdin.write('go');
    expect(await exited).toBe(1);
    expect(await logged('loader.log')).toMatchObject([
      { level: 'warn', daemon: 'loader', event: 'log.lost', file: join(folder, 'loader.log'), lines: 7 },
      { task: 'first' },
      { task: 'second' },
    ]);
    await waitFor('nine lines', () => parse(stdout).length === 9 || undefined);
    expect(parse(stdout).map(({ task }) => task)).toEqual([
      ...Array.from({ length: 7 }, () => 'lost'),
      'first',
      'second',
    ]);
    expect(await stderr).toMatch(/^log: cannot write to .*loader\.log: ENOSPC: [^\n]*\n$/);
  });

  test('what is lost to the end is told on stderr', async () => {
    await symlink('/dev/full', join(folder, 'failures.log'));
    const { stdout, stderr, exit } = await run(`
      const log = createLog({ daemon: 'loader', level: 'info', folder });
      for (let i = 0; i < 3; i++) log.emit('doorbell.failed', { inbox: 'a', detail: 'd' });
      await log.close();`);
    expect([stdout.length, exit]).toEqual([3, 0]);
    expect(stderr).toMatch(
      /^log: cannot write to .*failures\.log: ENOSPC.*\nlog: 3 line\(s\) were not written to .*failures\.log\n$/,
    );
    expect(await logged('loader.log')).toHaveLength(3);
  });

  test('half a line, of whoever was cut off, does not spoil the next one', async () => {
    await writeFile(join(folder, 'loader.log'), '{"half":"a li');
    await run(`
      const log = createLog({ daemon: 'loader', level: 'info', folder });
      log.emit('task.resumed', { task: 'a' });
      log.emit('task.resumed', { task: 'b' });
      await log.close();`);
    const [half, ...whole] = (await readFile(join(folder, 'loader.log'), 'utf8')).split('\n');
    expect(half).toBe('{"half":"a li');
    expect(parse(whole.join('\n'))).toMatchObject([{ task: 'a' }, { task: 'b' }]);
  });

  test('under a stdout that is a file: it goes on there, too, when there is room', async () => {
    const { say, exited, stderr } = startLimited(
      `
      const log = createLog({ daemon: 'loader', level: 'info' });
      const { mkdirSync } = await import('node:fs');
      for (let i = 0; i < 30; i++) {
        log.emit('task.resumed', { task: 'early ' + i + 'x'.repeat(100) });
        // The log hands its lines on by and by.
        await new Promise(setImmediate);
      }
      mkdirSync(${JSON.stringify(join(folder, 'all-said'))});
      await word();
      log.emit('task.resumed', { task: 'late' });
      await word();
      await log.close();`,
      4,
    );
    const stdout = () => readFile(join(folder, 'stdout'), 'utf8');
    await waitFor('the early lines', () => existsSync(join(folder, 'all-said')) || undefined);
    const before = await stdout();
    expect(before).toHaveLength(4096);
    await truncate(join(folder, 'stdout'));
    say();
    await waitFor('the late line', async () => (await stdout()).includes('late'));
    say();
    expect(await exited).toBe(0);
    const half = before.split('\n').at(-1) ?? '';
    expect(half).not.toBe('');
    const written = parse(before.slice(0, before.length - half.length)).length;
    // The line feed ends the half line, which this time was taken away.
    const [empty, ...after] = (await stdout()).split('\n');
    expect(empty).toBe('');
    expect(parse(after.join('\n'))).toMatchObject([
      { event: 'log.lost', file: 'stdout', lines: 30 - written },
      { task: 'late' },
    ]);
    expect(await stderr).toMatch(/^log: cannot write to stdout: EFBIG: [^\n]*\n$/);
  });
});

describe('stdout', () => {
  test('O04: when its reader is gone the process is told once and stops gracefully; the file has every line', async () => {
    const { child, exited, stderr } = start(`
      const log = createLog({ daemon: 'loader', level: 'info', folder, onStdoutClosed: () => stop() });
      const timer = setInterval(() => log.emit('task.resumed', { task: 'a' }), 5);
      async function stop() {
        clearInterval(timer);
        for (let i = 0; i < 100; i++) log.emit('task.resumed', { task: 'late' });
        log.emit('daemon.stopped', { exitCode: 0 });
        await log.close();
      }`);
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await exited).toBe(0);
    const lines = await logged('loader.log');
    expect(lines.filter(({ task }) => task === 'late')).toHaveLength(100);
    expect(lines.at(-1)).toMatchObject({ event: 'daemon.stopped' });
    expect((await stderr).match(/EPIPE/g)).toHaveLength(1);
  });

  test('O04: without stderr too', async () => {
    const { child, exited } = start(`
      const log = createLog({ daemon: 'loader', level: 'info', onStdoutClosed: () => { clearInterval(timer); void log.close(); } });
      const timer = setInterval(() => log.emit('task.resumed', { task: 'a' }), 5);`);
    child.stdout.once('data', () => {
      child.stderr.destroy();
      child.stdout.destroy();
    });
    expect(await exited).toBe(0);
  });
});
