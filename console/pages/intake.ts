import { daemonNamed, intakesOf } from '../daemon-list.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type ActionRequest, type Context } from '../page.ts';
import { status, table, time } from '../parts.ts';
import { may } from '../shown.ts';
import { pauseIntake, resumeIntake } from '../../shared/operator/intake-actions.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { listPauses, type IntakePause } from '../../shared/store/intake-pauses.ts';

/** Pausing and resuming what a daemon takes in. */

export const pauseAction: Action = {
  path: '/daemons/:daemon/pause',
  title: 'Pause intake',
  role: 'operator',
  run: async (context, request) => {
    const { loaded, db } = context;
    const chosen = chosenOf(context, request);
    const paused = await pauseIntake(loaded.config, db, operatorOf(context, request), chosen);
    return { to: daemonPath(request), notice: `Nothing new is taken in by ${namesOf(paused)}.` };
  },
};

export const resumeAction: Action = {
  path: '/daemons/:daemon/resume',
  title: 'Resume intake',
  role: 'operator',
  run: async (context, request) => {
    const { loaded, db } = context;
    const chosen = chosenOf(context, request);
    const resumed = await resumeIntake(loaded.config, db, operatorOf(context, request), chosen);
    return { to: daemonPath(request), notice: `Taken in again is what waits for ${namesOf(resumed)}.` };
  },
};

const daemonPath = ({ params }: ActionRequest): string =>
  pathTo('/daemons/:daemon', { daemon: params.text('daemon') });

const namesOf = (pauses: readonly IntakePause[]): string => pauses.map(({ intake }) => intake).join(', ');

/** @throws Fault NOT_FOUND, BAD_INPUT */
function chosenOf({ loaded }: Context, { params, form }: ActionRequest): string[] {
  const intakes = intakesOf(daemonNamed(params.text('daemon')), loaded.config);
  const chosen = form.behind(prefix);
  if (chosen.length === 0) throw new Fault('BAD_INPUT', 'nothing is chosen');
  const unknown = chosen.filter((name) => !intakes.includes(name));
  if (unknown.length > 0) throw new Fault('NOT_FOUND', `not taken in by this daemon: ${unknown.join(', ')}`);
  return chosen;
}

const prefix = 'intake.';

/** What a daemon takes in, and the buttons that pause and resume it: all of it, unless somebody leaves something out. */
export async function intakeSection(context: Context, daemon: string): Promise<Html | false> {
  const intakes = intakesOf(daemonNamed(daemon), context.loaded.config);
  if (intakes.length === 0) return false;
  const pauses = await listPauses(context.db);
  const pauseOf = (name: string) => pauses.find(({ intake }) => intake === name);
  const open = intakes.filter((name) => pauseOf(name) === undefined);
  const paused = intakes.filter((name) => pauseOf(name) !== undefined);
  return html`
    <h2 id="intake">Intake</h2>
    ${table(
      'What it takes in',
      ['Intake', 'State', 'Since (UTC)', 'By', 'Reason'],
      intakes.map((name) => {
        const pause = pauseOf(name);
        const state = pause ? status('warn', 'paused') : status('ok', 'open');
        return [name, state, time(pause?.since), pause?.who, pause?.reason];
      }),
    )}
    ${
      may(context, 'operator') &&
      html`<div class="actions">
        ${open.length > 0 && intakeForm(context, daemon, pauseWords, open)}
        ${paused.length > 0 && intakeForm(context, daemon, resumeWords, paused)}
      </div>`
    }
  `;
}

const pauseWords = {
  verb: 'pause',
  label: 'Pause intake',
  note: 'What is in hand is brought to an end; what comes stays where it is until intake is resumed.',
};
const resumeWords = { verb: 'resume', label: 'Resume intake', note: 'What has waited is taken in.' };

const intakeForm = (
  context: Context,
  daemon: string,
  { verb, label, note }: typeof pauseWords,
  names: readonly string[],
): Html =>
  actionForm(context, {
    action: pathTo(`/daemons/:daemon/${verb}`, { daemon }),
    label,
    reason: true,
    fields: html`
      <p>${note}</p>
      ${names.map(
        (name) =>
          html`<label><input type="checkbox" name="${prefix + name}" value="1" checked /> ${name}</label>`,
      )}
    `,
  });
