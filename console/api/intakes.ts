import { z } from 'zod';

import type { Runtime } from '../../shared/daemon/process.ts';
import { pauseIntake, resumeIntake } from '../../shared/operator/intake-actions.ts';
import { intakeNames } from '../../shared/runtime/paths.ts';
import { listPauses } from '../../shared/store/intake-pauses.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import { answer, line, time } from './fields.ts';

const intake = answer('Intake', {
  name: z.string(),
  paused: answer('IntakePause', { by: z.string(), reason: z.string(), since: time })
    .nullable()
    .describe('Null: it takes in what comes.'),
});

const list = answer('IntakeList', { items: z.array(intake) });

/** Also an inbox that is paused, and that the configuration has no longer. */
async function intakes({ db, loaded }: Runtime): Promise<z.input<typeof list>> {
  const pauses = new Map((await listPauses(db)).map((pause) => [pause.intake, pause]));
  const names = [...new Set([...intakeNames(loaded.config), ...pauses.keys()])];
  return {
    items: names.map((name) => {
      const pause = pauses.get(name);
      return { name, paused: pause ? { by: pause.who, reason: pause.reason, since: pause.since } : null };
    }),
  };
}

const params = { intake: line().describe('An inbox, or the extractor.') };

const actions = [
  {
    verb: 'pause',
    id: 'pauseIntake',
    summary: 'Let nothing new in',
    description: 'What is in hand is brought to an end; what waits stays where it is.',
    act: pauseIntake,
  },
  {
    verb: 'resume',
    id: 'resumeIntake',
    summary: 'Let in again what was paused',
    description: 'The answer has every intake.',
    act: resumeIntake,
  },
];

/** What daemons take in, and whether somebody has paused it. */
export const intakeEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/intakes',
    id: 'listIntakes',
    role: 'viewer',
    summary: 'What daemons take in, and what of it is paused',
    response: list,
    run: (context) => intakes(context),
  }),
  ...actions.map(({ verb, id, summary, description, act }) =>
    change({
      path: `/intakes/:intake/${verb}`,
      id,
      role: 'operator',
      summary,
      description,
      params,
      response: list,
      run: async (context, operator, asked) => {
        await act(context.loaded.config, context.db, operator, [asked.params.intake]);
        return intakes(context);
      },
    }),
  ),
];
