import { eventFields, type FieldName } from '../../shared/runtime/event-fields.ts';
import { events, type EventName } from '../../shared/runtime/events.ts';

/** docs/events.md, made from the tables of events and of fields. */

export const eventNames = Object.keys(events).sort() as EventName[];
const fieldNames = Object.keys(eventFields).sort() as FieldName[];

export function eventsPage(): string {
  return [
    '# Events',
    '',
    'Every line of the log is one event, as one JSON object. This page is made by `npm run docs` from',
    '[the table of events](../shared/runtime/events.ts) and [that of fields](../shared/runtime/event-fields.ts); a test holds',
    'that it is up to date. [Logs](logs.md) says where the lines are, and how to read them.',
    '',
    'Each line begins with `time` (UTC, to the millisecond), `level`, `daemon` and `event`; the fields of the event follow.',
    '',
    '**What stays**: an event keeps its name, its level and its fields, and a field its type and its meaning. New events',
    'and new fields come: a program leaves alone what it does not know.',
    '',
    '## Something to look at',
    '',
    'Warnings and errors; `failures.log` has these.',
    '',
    '| Event | Level | What has happened | What to do | Fields |',
    '| --- | --- | --- | --- | --- |',
    ...eventNames.flatMap((name) => {
      const { level, means, todo, fields } = events[name];
      return todo === undefined
        ? []
        : [`| \`${name}\` | ${level} | ${means} | ${todo} | ${listed(fields)} |`];
    }),
    '',
    '## The course of things',
    '',
    '| Event | What has happened | Fields |',
    '| --- | --- | --- |',
    ...eventNames.flatMap((name) => {
      const { means, todo, fields } = events[name];
      return todo === undefined ? [`| \`${name}\` | ${means} | ${listed(fields)} |`] : [];
    }),
    '',
    '## Fields',
    '',
    'A field means the same in every event. One with a question mark above is there at times only; times are UTC, like',
    '`2026-01-14T11:02:39.417Z`.',
    '',
    '| Field | Type | Meaning |',
    '| --- | --- | --- |',
    ...fieldNames.map((name) => `| \`${name}\` | ${eventFields[name].type} | ${eventFields[name].means} |`),
  ].join('\n');
}

const listed = (fields: readonly string[]): string => fields.map((name) => `\`${name}\``).join(' ');

/** What the page promises of each event, one a line: its name, its level, and its fields with their types. */
export const promises = (): string[] =>
  eventNames.map((name) => {
    const fields = events[name].fields.map((field) => {
      const type = eventFields[field.replace('?', '') as FieldName].type.replaceAll(' ', '-');
      return `${field}:${type}`;
    });
    return [name, events[name].level, ...fields].join(' ');
  });
