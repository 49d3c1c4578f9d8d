import type { Command } from 'commander';

import { runDaemon } from '../../shared/daemon/process.ts';
import { examples, sessionOf } from '../session.ts';

export function consoleCommands(enrol: Command): void {
  enrol
    .command('console')
    .description('the Administration Console in a browser; enrol user add makes its first user')
    .addHelpText('after', examples('enrol console'))
    .action(async (_options: unknown, command: Command) => {
      const { place } = sessionOf(command);
      // Loaded only now: no other command needs a web server.
      const { administrationConsole } = await import('../../console/main.ts');
      process.exitCode = await runDaemon('console', { ...place, once: false }, administrationConsole);
    });
}
