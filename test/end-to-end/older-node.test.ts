import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

import { enrolEntry, Program } from '../support/installation.ts';

const demoEntry = fileURLToPath(new URL('../../demo/demo.js', import.meta.url));
const guard = fileURLToPath(new URL('../../bin/require-node.js', import.meta.url));
const entries = { enrol: enrolEntry, demo: demoEntry };

const majorOf = (node: string): number =>
  Number(execFileSync(node, ['--print', 'process.versions.node'], { encoding: 'utf8' }).split('.')[0]);

/** Another Node on this machine, one too old for us. */
const olderNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((node) => existsSync(node) && majorOf(node) < 24);

const refusal = /^This program needs Node 24 or later; this is v[\d.]+ \(.*node\)\. In a checkout, .*\n$/;

/** Makes Node believe that it is another. */
const pretend = (version: string): string[] => [
  '--import',
  `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`,
];

// Without one, the test below stands for it: the same entries, told that Node is older.
if (olderNode !== undefined) {
  test.each(Object.entries(entries))(
    '%s on an older Node says so in one line, and ends with 1',
    async (_, entry) => {
      const ended = await new Program([entry, 'status'], { node: olderNode }).exit;
      expect(ended).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(refusal) });
    },
  );
}

test.each(Object.entries(entries))('%s asks for the version before anything else', async (_, entry) => {
  const ended = await new Program([...pretend('23.11.1'), entry, '--help']).exit;
  expect(ended).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(refusal) });
});

test.each([
  ['22.20.0', 1],
  ['24.0.0', 0],
  ['100.1.0', 0],
])('version %s', async (version, code) => {
  expect(await new Program([...pretend(version), guard]).exit).toMatchObject({ code });
});
