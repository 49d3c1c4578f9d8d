import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { program } from '../../../../bin/program.ts';
import { problem } from '../../../../console/api/problem.ts';
import { endpoints } from '../../../../console/api/registry.ts';
import { makeApiToken } from '../../../../shared/operator/api-tokens.ts';
import { faultRow } from '../../../../shared/runtime/fault-codes.ts';

/** What docs/api.md says is so. */

const page = readFileSync(new URL('../../../../docs/api.md', import.meta.url), 'utf8');

test('the resources are those that there are', () => {
  const rows = [...page.matchAll(/^\| (`[^|]*`) +\| [^|]*\| ([^|]*)\|$/gm)];
  const told = rows.flatMap(([, names = '']) => [...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => name));
  const resources = new Set(endpoints.map(({ path }) => path.split('/')[1]));
  expect(told.sort()).toEqual([...resources].filter((name) => name !== 'openapi.json').sort());
  const verbs = rows.flatMap(([, , changes = '']) => changes.trim().split(/, /).filter(Boolean));
  const changes = endpoints.filter(({ body }) => body).map(({ path }) => path.split('/').at(-1) ?? '');
  const named = changes.map((verb) => (verb.startsWith(':') ? 'set' : verb));
  expect([...new Set(verbs)].sort()).toEqual([...new Set(named)].sort());
});

test('the problem is one', () => {
  const shown = problem.parse(JSON.parse(/```json\n([^]*?)```/.exec(page)?.[1] ?? ''));
  expect(shown.action).toBe(faultRow('NOT_ALLOWED').action);
});

test('a token looks as it says', () => {
  const [, pattern = ''] = /`(enrol_\[[^`]*)`/.exec(page) ?? [];
  expect(makeApiToken()).toMatch(new RegExp(`^${pattern}$`));
});

test('the commands are there', async () => {
  const { commands: all } = await program();
  const words = [...page.matchAll(/enrol (token|api) (\w+)/g)].map(([, group, verb]) => [group, verb]);
  expect(words.length).toBeGreaterThan(4);
  for (const [group, verb] of words) {
    const commands = all.find((command) => command.name() === group)?.commands ?? [];
    expect([verb, commands.map((command) => command.name())]).toEqual([verb, expect.arrayContaining([verb])]);
  }
});
