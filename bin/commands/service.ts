import type { Command } from 'commander';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  planServices,
  removeServices,
  requireAccount,
  requireOwnUnits,
  systemctl,
  systemUnits,
  unitNames,
  writeServices,
} from '../../shared/operator/service-install.ts';
import { examples, sessionOf } from '../session.ts';

const program = fileURLToPath(new URL('../enrol.js', import.meta.url));

interface UnitOptions {
  readonly user: string;
  readonly group?: string;
  readonly instance?: boolean;
  readonly directory: string;
  readonly enable: boolean;
  readonly dryRun?: boolean;
}

export function serviceCommands(enrol: Command): void {
  const service = enrol.command('service').description('the processes as units of systemd');

  service
    .command('install')
    .description('write the units for this home and a user, and enable them; may be repeated')
    .addHelpText(
      'after',
      examples(
        'enrol --home /srv/enrol service install --user enrol',
        'enrol --home /srv/enrol/north service install --user enrol --instance   # enrol-loader@north, …',
      ),
    )
    .requiredOption('--user <name>', 'who runs the processes, and owns the home')
    .option('--group <name>', 'the group (default: that of the same name)')
    .option('--instance', 'one of several homes beside each other: the instance is called as its folder')
    .option('--directory <dir>', 'where the units go', systemUnits.own)
    .option('--no-enable', 'write the units only')
    .option('--dry-run', 'print the units, and write nothing')
    .action(async (options: UnitOptions, command: Command) => {
      const session = sessionOf(command);
      const { user, group = user, directory } = options;
      const plan = await planServices(await session.loadConfig(), {
        user,
        group,
        asInstance: options.instance ?? false,
        node: process.execPath,
        program,
      });
      if (options.dryRun === true) {
        const shown = plan.files.map(({ path, text }) => `# ${directory}/${path}\n${text}`);
        session.print({ ...plan, directory }, shown);
        return;
      }
      await requireAccount('passwd', user);
      await requireAccount('group', group);
      const { written, removed } = await writeServices(directory, plan);
      if (options.enable) {
        await systemctl('daemon-reload');
        await systemctl('enable', ...plan.units);
      }
      const [target = ''] = plan.units;
      const changes = [...written.map((file) => `Written: ${file}`), ...removed.map(wasRemoved)];
      session.print({ written, removed, units: plan.units, enabled: options.enable }, [
        ...(changes.length > 0 ? changes : ['The units were so already.']),
        ...(options.enable
          ? [`Enabled: ${plan.units.join(', ')}`, `Start them: systemctl start ${target}`]
          : [`Then: systemctl daemon-reload && systemctl enable --now ${plan.units.join(' ')}`]),
      ]);
    });

  service
    .command('uninstall')
    .description('stop and disable the units of this home, and take them away')
    .addHelpText('after', examples('enrol --home /srv/enrol service uninstall'))
    .option('--instance', 'the home is that of an instance')
    .option('--directory <dir>', 'where the units are', systemUnits.own)
    .option('--no-enable', 'take the units away only')
    .action(async (options: Omit<UnitOptions, 'user'>, command: Command) => {
      const session = sessionOf(command);
      const { directory } = options;
      const home = resolve(session.place.home);
      const names = unitNames(home, options.instance ?? false);
      await requireOwnUnits(directory, home, names);
      if (options.enable) await systemctl('disable', '--now', ...names.units);
      const removed = await removeServices(directory, names);
      if (options.enable) await systemctl('daemon-reload');
      session.print({ removed }, removed.length > 0 ? removed.map(wasRemoved) : 'There were none.');
    });
}

const wasRemoved = (file: string): string => `Removed: ${file}`;
