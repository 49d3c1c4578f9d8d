import type { Command } from 'commander';

import { systemClock } from '../../shared/runtime/clock.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { isAlive, workersHere } from '../../shared/store/workers.ts';
import { examples, sessionOf } from '../session.ts';

/** What a container asks again and again: it must cost little, however much is in the store. */
export function healthCommands(enrol: Command): void {
  enrol
    .command('health')
    .description(
      `are the processes of this host at work; exit code ${exitCodes.alarm.code} if one is dead, or there is none`,
    )
    .addHelpText('after', examples('enrol health'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const workers = await session.withStore((db) => workersHere(db, systemClock.now()));
      const found = workers.map((worker) => ({
        name: worker.daemon,
        pid: worker.pid,
        alive: isAlive(worker),
      }));
      const lines = found.map(({ name, pid, alive }) => `${name} ${pid}: ${alive ? 'at work' : 'dead'}`);
      session.print(found, lines.length > 0 ? lines : 'No process of this host is at work.');
      if (found.length === 0 || found.some(({ alive }) => !alive)) process.exitCode = exitCodes.alarm.code;
    });
}
