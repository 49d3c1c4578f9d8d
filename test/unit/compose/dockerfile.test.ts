import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';
import { validate } from 'dockerfile-utils';

import { preparations, readImage } from '../../support/dockerfile.ts';

const project = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const json = (path: string) => JSON.parse(readFileSync(project(path), 'utf8')) as unknown;
const image = readImage();
const copied = image.copies.filter(({ from }) => from === '').flatMap(({ sources }) => sources);

test('a linter has nothing to say against it', () => {
  expect(validate(readFileSync(project('Dockerfile'), 'utf8'))).toEqual([]);
});

test('what it copies is in the project, and is let through to Docker', () => {
  const [all, ...letThrough] = readFileSync(project('.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(all).toBe('*');
  for (const source of copied) expect([source, existsSync(project(source))]).toEqual([source, true]);
  const before = ['package-lock.json', '.npmrc'];
  expect(letThrough.sort()).toEqual([...copied, ...before].map((source) => `!${source}`).sort());
});

test('it brings the Node that the product needs', () => {
  const { engines } = json('package.json') as { engines: { node: string } };
  expect(`>=${/^node:(\d+)-/.exec(image.base)?.[1]}`).toBe(engines.node);
});

test('its processes are those of an ordinary user', () => {
  expect(image.user).toBe('node');
});

test('nothing is installed that would have to run a script for it, as none is run', () => {
  expect(preparations).toContain('npm ci --omit=dev --ignore-scripts');
  const { packages } = json('package-lock.json') as {
    packages: Record<string, { dev?: boolean; hasInstallScript?: boolean }>;
  };
  const installed = Object.entries(packages).filter(([, { dev = false }]) => !dev);
  expect(installed.filter(([, each]) => each.hasInstallScript).map(([path]) => path)).toEqual([]);
});
