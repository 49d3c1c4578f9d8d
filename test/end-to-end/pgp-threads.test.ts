import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { install, Program, type TestInstallation } from '../support/installation.ts';

const daemon = fileURLToPath(new URL('../support/pgp-daemon-program.ts', import.meta.url));

let installation: TestInstallation;
let program: Program;

beforeEach(async () => {
  installation = await install();
});
afterEach(async () => {
  if (program.running) await program.end('SIGKILL');
  await installation.close();
});

test('a daemon with messages under way in threads finishes them, and ends when it is told to', async () => {
  program = new Program([daemon, installation.home]);
  await program.logged('threads.ready');
  const { code, stderr } = await program.end('SIGTERM');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(program.events.at(-1)).toBe('daemon.stopped');
  expect(program.events).not.toContain('daemon.failed');
});
