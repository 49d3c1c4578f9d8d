import type { Command } from 'commander';

import { systemClock } from '../../shared/runtime/clock.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { isAlive, seemsToHang, workersHere } from '../../shared/store/workers.ts';
import { shortTime } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

/** What a container asks again and again: it must cost little, however much is in the store. */
export function healthCommands(enrol: Command): void {
  enrol
    .command('health')
    .description(
      `are the processes of this host at work; exit code ${exitCodes.alarm.code} if one is dead or hangs, or there is none`,
    )
    .addHelpText('after', examples('enrol health'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const now = systemClock.now();
      const found = await session.withStore(async (db, { config }) =>
        (await workersHere(db, now)).map((worker) => ({
          name: worker.daemon,
          pid: worker.pid,
          alive: isAlive(worker),
          hangs: isAlive(worker) && seemsToHang(worker, now, config.store.leaseSeconds),
          heard: worker.heartbeat_at,
        })),
      );
      const lines = found.map(({ name, pid, alive, hangs, heard }) => {
        const standing = hangs ? `hangs, not heard of since ${shortTime(heard)} UTC` : 'at work';
        return `${name} ${pid}: ${alive ? standing : 'dead'}`;
      });
      session.print(found, lines.length > 0 ? lines : 'No process of this host is at work.');
      if (found.length === 0 || found.some(({ alive, hangs }) => !alive || hangs))
        process.exitCode = exitCodes.alarm.code;
    });
}
