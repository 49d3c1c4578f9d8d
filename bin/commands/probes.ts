import type { Command } from 'commander';

import { testNotices } from '../../shared/operator/notice-actions.ts';
import { readProbes } from '../../shared/probes/measure.ts';
import type { Reading } from '../../shared/probes/probe.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { LoadedConfig } from '../../shared/runtime/config.ts';
import { beginAttempt, listNotices, type Notice } from '../../shared/store/notices.ts';
import type { Db } from '../../shared/store/tables.ts';
import { table } from '../output.ts';
import { examples, sessionOf, type Session } from '../session.ts';

export function probeCommands(enrol: Command): void {
  const probe = enrol.command('probe').description('what is looked at to know whether all is well');

  probe
    .command('list')
    .description(
      `every probe as it is now, the worst first; exit code ${exitCodes.alarm.code} if one is red or cannot be measured`,
    )
    .addHelpText('after', examples('enrol probe list', 'enrol probe list --json'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const readings = await session.withStore((db, loaded) => readProbes(loaded, db, systemClock.now()));
      session.print(readings, probeTable(readings));
      if (readings.some(({ state }) => state === 'red' || state === 'unknown')) {
        process.exitCode = exitCodes.alarm.code;
      }
    });

  probe
    .command('test-notice')
    .description('send a test by every way that is set up, now, and tell what became of it')
    .addHelpText('after', examples('enrol probe test-notice --reason "the mail server is new"'))
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .action(async ({ reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const sent = await session.withStore((db, loaded) => sendTests(session, loaded, db, reason));
      session.print(
        sent,
        sent.map(({ channel, state, fault_code: code, detail }) =>
          [`${channel}: ${state}`, code, detail].filter((word) => word !== null).join(', '),
        ),
      );
      if (sent.some(({ state }) => state === 'failed')) process.exitCode = exitCodes.failed.code;
    });
}

export const probeTable = (readings: readonly Reading[]): string[] =>
  table(
    ['state', 'probe', 'value', 'unit', 'target', 'what it says'],
    readings.map((each) => [each.state, each.probe, each.value, each.unit, each.target, each.sentence]),
  );

/** Sent from here, and not by the scheduler, which may not run. */
async function sendTests(session: Session, loaded: LoadedConfig, db: Db, reason: string): Promise<Notice[]> {
  // Loaded only now: no other command sends anything.
  const { deliver, leaseOf } = await import('../../shared/probes/deliver-notices.ts');
  const desk = { loaded, db, clock: systemClock, emit: () => undefined };
  // The scheduler leaves them alone meanwhile.
  const later = new Date(
    Math.max(...(['mail', 'webhook'] as const).map((way) => leaseOf(desk, way).getTime())),
  );
  const notices = await testNotices(loaded, db, session.operator(reason), later);
  for (const notice of notices) {
    const begun = await beginAttempt(db, notice, leaseOf(desk, notice.channel));
    await deliver(desk, begun, new AbortController().signal);
  }
  const ids = notices.map(({ id }) => id);
  return (await listNotices(db, { limit: 10 })).filter(({ id }) => ids.includes(id)).reverse();
}
