import { z } from 'zod';

import type { Runtime } from '../../shared/daemon/process.ts';
import { changeSetting } from '../../shared/operator/config-actions.ts';
import type { Operator } from '../../shared/operator/operator.ts';
import { readYaml } from '../../shared/runtime/config-document.ts';
import { readConfigFile } from '../../shared/runtime/config-file.ts';
import { protectionOf } from '../../shared/runtime/protected-settings.ts';
import { settingStandings, type SettingStanding } from '../../shared/runtime/setting-standing.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import { answer, line } from './fields.ts';

const setting = answer('Setting', {
  name: z.string().describe('Keys joined by dots.'),
  description: z.string(),
  type: z.string(),
  value: z.unknown().describe('With which this console was started.'),
  isDefault: z.boolean(),
  protectedBecause: z.string().nullable().describe('Why it is changed on the machine only.'),
});

const toSetting = (standing: SettingStanding): z.input<typeof setting> => ({
  name: standing.name,
  description: standing.description,
  type: standing.type,
  value: standing.value ?? null,
  isDefault: standing.isDefault,
  protectedBecause: protectionOf(standing.path) ?? null,
});

const changed = answer('SettingChange', {
  name: z.string(),
  before: z.unknown().describe('What stood in the file; null: its default applied.'),
  after: z.unknown(),
});

async function changeTo(
  { loaded, db }: Runtime,
  operator: Operator,
  name: string,
  text: string | undefined,
): Promise<z.input<typeof changed>> {
  const { before, after } = await changeSetting(loaded, db, operator, { path: name, text });
  return { name, before: before ?? null, after: after ?? null };
}

const params = { setting: line().describe('Its name.') };
const nextStart = 'It counts for each process from its next start on.';

/** The configuration. Secrets are in files of their own, of which only the names stand here. */
export const settingEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/settings',
    id: 'listSettings',
    role: 'viewer',
    summary: 'Every setting of the configuration',
    response: answer('SettingList', { items: z.array(setting) }),
    run: async ({ loaded }) => {
      const { text } = await readConfigFile(loaded.file);
      return { items: settingStandings(loaded.config, readYaml(text)).map(toSetting) };
    },
  }),
  change({
    method: 'PUT',
    path: '/settings/:setting',
    id: 'setSetting',
    role: 'administrator',
    summary: 'Write a setting into the configuration file',
    description: nextStart,
    params,
    body: { value: z.string().max(4096).describe('One line; lists with commas between.') },
    response: changed,
    run: (context, operator, asked) => changeTo(context, operator, asked.params.setting, asked.body.value),
  }),
  change({
    path: '/settings/:setting/reset',
    id: 'resetSetting',
    role: 'administrator',
    summary: 'Take a setting out of the configuration file, so that its default applies',
    description: nextStart,
    params,
    response: changed,
    run: (context, operator, asked) => changeTo(context, operator, asked.params.setting, undefined),
  }),
];
