import { html, type Html } from './html.ts';
import { select } from './parts.ts';
import type { Values } from './values.ts';
import { kindNames, weekdayNames } from '../shared/schedule/in-words.ts';
import { readSchedule, type WrittenSchedule } from '../shared/schedule/read-schedule.ts';
import { catchUpPolicies, scheduleKinds, weekdays, type Schedule } from '../shared/schedule/schedule.ts';

/** A schedule as fields of a form: one form for every kind, of which the fields of the chosen kind count. */

/** Fields of the form by their names. Weekdays have one each: a box that is ticked. */
export type ScheduleFields = Readonly<Record<string, string>>;

export function fieldsOf(schedule: Schedule): ScheduleFields {
  const written: Record<string, string> = {
    kind: schedule.kind,
    timeZone: schedule.timeZone,
    exclude: [...schedule.exclude.weekdays, ...schedule.exclude.days].join(', '),
    catchUp: schedule.catchUp,
  };
  if ('times' in schedule) written[`${schedule.kind}Times`] = schedule.times.join(', ');
  if ('day' in schedule) written.day = String(schedule.day);
  if ('minutes' in schedule) written.minutes = String(schedule.minutes);
  if ('pattern' in schedule) written.pattern = schedule.pattern;
  if ('weekdays' in schedule) for (const day of schedule.weekdays) written[`on${day}`] = 'yes';
  return written;
}

const fieldNames = [
  'kind',
  'timeZone',
  'exclude',
  'catchUp',
  ...scheduleKinds.map((kind) => `${kind}Times`),
  'day',
  'minutes',
  'pattern',
  ...weekdays.map((day) => `on${day}`),
];

/** What came with a request. @throws Fault BAD_INPUT where it is no text of one line */
export function givenFields(values: Values): ScheduleFields {
  const given = fieldNames.map((name) => [name, values.optional(name, 3000)] as const);
  return Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** @throws Fault BAD_INPUT that names everything that is wrong */
export function readFields(fields: ScheduleFields): Schedule {
  const { kind = '' } = fields;
  const written: WrittenSchedule = {
    kind,
    times: fields[`${kind}Times`],
    weekdays: weekdays.filter((day) => fields[`on${day}`] !== undefined).join(' '),
    day: fields.day,
    minutes: fields.minutes,
    pattern: fields.pattern,
    timeZone: fields.timeZone ?? '',
    exclude: fields.exclude,
    catchUp: fields.catchUp ?? '',
  };
  return readSchedule(written);
}

/** The fields, so that a later form has them too. */
export const hiddenFields = (fields: ScheduleFields): Html =>
  html`${Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  )}`;

/** The first step: asks for a preview. */
export const scheduleForm = (path: string, fields: ScheduleFields): Html => html`
  <form method="get" action="${path}" class="schedule">
    <label>
      Kind
      <select name="kind">
        ${scheduleKinds.map(
          (kind) =>
            html`<option value="${kind}" ${kind === fields.kind && html`selected`}>
              ${kindNames[kind]}
            </option>`,
        )}
      </select>
    </label>
    <fieldset data-kind="daily">
      <legend>Daily</legend>
      ${timesField(fields, 'daily')}
    </fieldset>
    <fieldset data-kind="weekly">
      <legend>Weekly</legend>
      <div class="boxes">${weekdays.map((day) => weekdayBox(fields, day))}</div>
      ${timesField(fields, 'weekly')}
    </fieldset>
    <fieldset data-kind="monthly">
      <legend>Monthly</legend>
      ${textField(fields, 'day', 'Day of the month: 1 to 31, or last. Months without that day are left out')}
      ${timesField(fields, 'monthly')}
    </fieldset>
    <fieldset data-kind="every">
      <legend>Every n minutes</legend>
      ${textField(fields, 'minutes', 'Minutes: 1 to 1440, counted from midnight on')}
    </fieldset>
    <fieldset data-kind="cron">
      <legend>Cron pattern</legend>
      ${textField(fields, 'pattern', 'Pattern: minute hour day month weekday')}
    </fieldset>
    ${textField(fields, 'timeZone', 'Time zone, like Europe/Berlin')}
    ${textField(fields, 'exclude', 'Days excluded: weekdays and dates, like Sat, Sun, 12-25, 2026-12-31')}
    ${select('catchUp', 'Runs that were missed while no scheduler ran: one run for all (once), or none (skip)', catchUpPolicies, fields.catchUp)}
    <button type="submit" name="preview" value="yes">Show the next ten runs</button>
  </form>
`;

const textField = (fields: ScheduleFields, name: string, label: string): Html => html`
  <label>
    ${label}
    <input name="${name}" value="${fields[name]}" maxlength="3000" autocomplete="off" />
  </label>
`;

const timesField = (fields: ScheduleFields, kind: string): Html =>
  textField(fields, `${kind}Times`, 'Times of day, like 06:30, 14:00');

const weekdayBox = (fields: ScheduleFields, day: (typeof weekdays)[number]): Html => html`
  <label>
    <input
      type="checkbox"
      name="${`on${day}`}"
      value="yes"
      ${fields[`on${day}`] !== undefined && html`checked`}
    />
    ${weekdayNames[day]}
  </label>
`;
