import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { outsideTool, runTool } from '../../support/outside-tool.ts';
import { waitFor } from '../../support/wait-for.ts';

// A machine without it cannot run these; the reporter names what was left out, and under CI it fails.
const logrotate = outsideTool('logrotate');
if (logrotate === undefined) console.warn('logrotate is left out: it is not installed');
const rotateTest = logrotate === undefined ? test.skip : test;

const sample = new URL('../../../config/logrotate/device-enrolment', import.meta.url);
const logModule = new URL('../../../shared/runtime/log.ts', import.meta.url).href;

let folder: string;
let config: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'enrol-log-'));
  config = `${folder}.logrotate`;
  const group = runTool('id', '-gn').trim();
  const ours = (await readFile(sample, 'utf8'))
    .replace('/srv/enrol/var/log', folder)
    .replace('su enrol enrol', `su ${userInfo().username} ${group}`);
  expect(ours).not.toMatch(/\/srv|su enrol/);
  await writeFile(config, ours, { mode: 0o644 });
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true });
  await rm(config);
});

rotateTest('logrotate finds nothing wrong with the sample', async () => {
  await writeFile(join(folder, 'loader.log'), '{}\n', { mode: 0o640 });
  const said = runTool(logrotate, '--debug', '--force', '--state', join(folder, 'state'), config);
  expect(said).not.toMatch(/error|unknown|warning: (?!logrotate in debug mode)/i);
  expect(said).toContain(`considering log ${join(folder, 'loader.log')}`);
  // A file of the daemon that comes before one of logrotate's own would be put aside for ever.
  expect(said).toContain(`renaming ${join(folder, 'loader.log')} to`);
  expect(said).not.toContain('creating new');
});

rotateTest(
  'O03: logrotate takes the file away again and again while lines are written, and none is lost',
  async () => {
    const script = `
    const { createLog } = await import(${JSON.stringify(logModule)});
    const log = createLog({ daemon: 'loader', level: 'info', folder: ${JSON.stringify(folder)} });
    let lines = 0;
    let end = false;
    process.stdin.once('data', () => (end = true));
    while (!end) {
      for (let i = 0; i < 50; i++) log.emit('daemon.stopping', { reason: String(lines++) });
      await new Promise(setImmediate);
    }
    await log.close();
    process.stdin.destroy();`;
    child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const exited = once(child, 'exit');
    const size = () =>
      stat(join(folder, 'loader.log')).then(
        (found) => found.size,
        () => 0,
      );
    const newFile = () => waitFor('lines in the new file', async () => (await size()) > 0 || undefined);
    await newFile();
    for (let turn = 0; turn < 6; turn++) {
      runTool(logrotate, '--force', '--state', join(folder, 'state'), config);
      await newFile();
    }
    child.stdin?.write('end');
    expect(await exited).toEqual([0, null]);

    const names = (await readdir(folder)).filter((name) => name.startsWith('loader.log'));
    expect(names.sort()).toEqual([
      'loader.log',
      'loader.log.1',
      ...[2, 3, 4, 5, 6].map((number) => `loader.log.${number}.gz`),
    ]);
    const texts = await Promise.all(
      names.map(async (name) => {
        const bytes = await readFile(join(folder, name));
        return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      }),
    );
    const reasons = texts
      .flatMap((text) => text.split('\n').slice(0, -1))
      .map((line) => Number((JSON.parse(line) as { reason: string }).reason))
      .sort((a, b) => a - b);
    expect(reasons.length).toBeGreaterThan(100);
    expect(reasons).toEqual(Array.from({ length: reasons.length }, (_, number) => number));
    expect((await stat(join(folder, 'loader.log.1'))).mode & 0o777).toBe(0o640);
  },
);
