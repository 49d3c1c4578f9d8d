import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { protectionOf } from '../../shared/runtime/protected-settings.ts';
import { allSettings, settingsOf } from '../../shared/runtime/setting-schema.ts';
import { madeSettingsPage, settingsFile } from '../acceptance/made-page.ts';

test('docs/settings.md is what `npm run docs` makes', async () => {
  expect(await readFile(settingsFile, 'utf8')).toBe(await madeSettingsPage());
});

test('it has every setting once, with why it is changed on the machine only', async () => {
  const rows = (await readFile(settingsFile, 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  for (const { path, description } of allSettings(settingsOf(undefined))) {
    const found = rows.filter(([, name]) => name === `\`${path.join('.')}\``);
    expect(found.map(([, , , , meaning, machine]) => [meaning, machine])).toEqual([
      [expect.stringContaining(description.split(/[*|_<]/, 1)[0] ?? ''), protectionOf(path) ?? ''],
    ]);
  }
});
