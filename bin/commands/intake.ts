import type { Command } from 'commander';

import { pauseIntake, resumeIntake } from '../../shared/operator/intake-actions.ts';
import { intakeNames } from '../../shared/runtime/paths.ts';
import { listPauses, type IntakePause } from '../../shared/store/intake-pauses.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';

export function intakeCommands(enrol: Command): void {
  const intake = enrol.command('intake').description('what daemons take in: inboxes, and the extractor');

  intake
    .command('list')
    .description('every intake, and whether somebody has paused it')
    .addHelpText('after', examples('enrol intake list'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const { names, pauses } = await session.withStore(async (db, { config }) => ({
        names: intakeNames(config),
        pauses: await listPauses(db),
      }));
      const standings = [...new Set([...names, ...pauses.map((pause) => pause.intake)])].map((name) => ({
        intake: name,
        pause: pauses.find((pause) => pause.intake === name) ?? null,
      }));
      session.print(
        standings,
        table(
          ['intake', 'state', 'since', 'by', 'reason'],
          standings.map(({ intake: name, pause }) => [
            name,
            pause ? 'paused' : 'open',
            shortTime(pause?.since ?? null),
            pause?.who,
            pause?.reason,
          ]),
        ),
      );
    });

  addChange(intake, {
    verb: 'pause',
    description: 'take nothing new in; what is in hand is brought to an end, what comes stays where it is',
    example: 'enrol intake pause inboundDeviceEnrolment --reason "the store is moved"',
    act: pauseIntake,
    done: 'paused',
  });
  addChange(intake, {
    verb: 'resume',
    description: 'take in again what was paused',
    example: 'enrol intake resume inboundDeviceEnrolment --reason "the store is moved"',
    act: resumeIntake,
    done: 'resumed',
  });
}

interface Change {
  readonly verb: string;
  readonly description: string;
  readonly example: string;
  readonly act: typeof pauseIntake;
  readonly done: string;
}

function addChange(intake: Command, { verb, description, example, act, done }: Change): void {
  intake
    .command(`${verb} <intake...>`)
    .description(description)
    .addHelpText('after', examples(example, `enrol intake ${verb} extractor --reason "…"`))
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .action(async (names: string[], { reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const changed = await session.withStore((db, { config }) =>
        act(config, db, session.operator(reason), names),
      );
      session.print(changed, changed.map(({ intake: name }: IntakePause) => `${name}: ${done}`).join('\n'));
    });
}
