import type { Command } from 'commander';

import { changeSetting, type SettingChange } from '../../shared/operator/config-actions.ts';
import { configState } from '../../shared/operator/config-state.ts';
import { readYaml } from '../../shared/runtime/config-document.ts';
import { readConfigFile } from '../../shared/runtime/config-file.ts';
import { ConfigFault } from '../../shared/runtime/config.ts';
import { configAsYaml, configSchemaText } from '../../shared/runtime/config-text.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { settingStandings } from '../../shared/runtime/setting-standing.ts';
import { settingText } from '../../shared/runtime/setting-value.ts';
import { table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

export function configCommands(enrol: Command): void {
  const config = enrol.command('config').description('the configuration');

  config
    .command('check')
    .description('all problems of the configuration at once; exit code 3 if there are any')
    .addHelpText('after', examples('enrol config check'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      try {
        const { file } = await session.loadConfig();
        session.print({ file, problems: [] }, `${file}: no problems`);
      } catch (error) {
        if (!(error instanceof ConfigFault)) throw error;
        session.print({ problems: error.problems }, error.detail);
        process.exitCode = exitCodes.config.code;
      }
    });

  config
    .command('show')
    .description('the configuration in force, defaults included')
    .addHelpText('after', examples('enrol config show'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const loaded = await session.loadConfig();
      session.print(loaded.config, configAsYaml(loaded.config));
    });

  config
    .command('schema')
    .description('JSON Schema of the configuration, for editors')
    .addHelpText('after', examples('enrol config schema > enrol.schema.json'))
    .action((_options: unknown, command: Command) => {
      const text = configSchemaText();
      sessionOf(command).print(JSON.parse(text), text);
    });

  config
    .command('diff')
    .description('settings in the file that differ from their defaults')
    .addHelpText('after', examples('enrol config diff'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const { config: settings, file } = await session.loadConfig();
      const document = readYaml((await readConfigFile(file)).text);
      const differing = settingStandings(settings, document)
        .filter(
          ({ isDefault, byDefault, line }) => !isDefault || (byDefault === undefined && line !== undefined),
        )
        .map(({ name, value, byDefault, line }) => ({ setting: name, value, default: byDefault, line }));
      const rows = differing.map((each) => [
        each.setting,
        settingText(each.value),
        each.default === undefined ? '(none)' : settingText(each.default),
        each.line,
      ]);
      const lines =
        rows.length === 0
          ? 'Every setting has its default.'
          : table(['setting', 'value', 'default', 'line'], rows);
      session.print(differing, lines);
    });

  config
    .command('set <setting> <value>')
    .description(
      'write one setting into the file, checked; counts for each process once it has read the file again',
    )
    .addHelpText(
      'after',
      examples(
        'enrol config set retry.maxAttempts 30 --reason "the share is slow"',
        'enrol config set inboxes.inboundSalesOrderDispatch.ignore \'.*, *.tmp\' --reason "asked for by the warehouse"',
      ),
    )
    .requiredOption(...reasonOption)
    .action((path: string, text: string, { reason }: { reason: string }, command: Command) =>
      change(command, reason, { path, text, onMachine: true }),
    );

  config
    .command('unset <setting>')
    .description('take one setting out of the file, so that its default applies')
    .addHelpText(
      'after',
      examples('enrol config unset retry.maxAttempts --reason "the share is quick again"'),
    )
    .requiredOption(...reasonOption)
    .action((path: string, { reason }: { reason: string }, command: Command) =>
      change(command, reason, { path, text: undefined, onMachine: true }),
    );
}

const reasonOption = ['--reason <text>', 'why; kept in the audit'] as const;

async function change(command: Command, reason: string, wanted: SettingChange): Promise<void> {
  const session = sessionOf(command);
  const { done, outdated } = await session.withStore(async (db, loaded) => {
    const operator = session.operator(reason);
    const changed = await changeSetting(loaded, db, operator, wanted);
    return { done: changed, outdated: (await configState(loaded, db, operator.now)).outdated };
  });
  const reload = [...new Set(outdated.map(({ daemon }) => daemon))];
  const now = done.after === undefined ? 'has its default' : `= ${settingText(done.after)}`;
  session.print({ path: done.path, before: done.before ?? null, after: done.after ?? null, reload }, [
    `${done.path} ${now}`,
    ...(reload.length === 0 ? [] : [`Reload needed: ${reload.join(', ')}`]),
  ]);
}
