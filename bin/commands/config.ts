import type { Command } from 'commander';

import { ConfigFault } from '../../shared/runtime/config.ts';
import { configAsYaml, configSchemaText } from '../../shared/runtime/config-text.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
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
}
