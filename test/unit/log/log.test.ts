import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { eventLine } from '../../../shared/runtime/log.ts';

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

/** A process of its own that runs a script with `createLog` and `folder` at hand. */
function start(script: string) {
  const source = `import { createLog } from ${JSON.stringify(logModule)};
    const folder = ${JSON.stringify(folder)};
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return { child, exited, stderr: text(child.stderr).catch(() => '') };
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

  test('a folder that cannot be written is complained about once on stderr; stdout goes on', async () => {
    await writeFile(join(folder, 'plain'), '');
    const { stdout, stderr, exit } = await run(`
      const log = createLog({ daemon: 'loader', level: 'info', folder: folder + '/plain' });
      for (let i = 0; i < 10; i++) log.emit('task.resumed', { task: 'a' });
      await log.close();`);
    expect(stdout).toHaveLength(10);
    expect(exit).toBe(0);
    expect(stderr.match(/loader\.log/g)).toHaveLength(1);
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
