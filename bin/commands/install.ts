import type { Command } from 'commander';

import { initialise, migrate } from '../../shared/operator/install.ts';
import { examples, sessionOf } from '../session.ts';

export function installCommands(enrol: Command): void {
  enrol
    .command('init')
    .description('make what is missing of an installation: configuration, folders, store')
    .addHelpText('after', examples('enrol --home /srv/enrol init && enrol --home /srv/enrol keys generate'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const done = await initialise(session.place.home, session.place.configFile);
      session.print(done, [
        `Installation in ${done.home}`,
        done.configMade ? 'Configuration: made, with every default' : 'Configuration: was there',
        'Folders of the spool: complete',
        `Store: ${done.migrations.length > 0 ? `migrated (${done.migrations.join(', ')})` : 'up to date'}`,
      ]);
    });

  enrol
    .command('migrate')
    .description('bring the store to this program’s version, under a lock; stop the daemons first')
    .addHelpText('after', examples('enrol migrate'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const migrations = await migrate(await session.loadConfig(), false);
      session.print(
        { migrations },
        migrations.length > 0 ? `Applied: ${migrations.join(', ')}` : 'Up to date.',
      );
    });
}
