import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { eventFields } from '../../shared/runtime/event-fields.ts';
import { events } from '../../shared/runtime/events.ts';
import { eventsPage, promises } from '../acceptance/events-page.ts';
import { eventsFile, madeEventsPage } from '../acceptance/made-page.ts';

test('docs/events.md is what `npm run docs` makes', async () => {
  expect(await readFile(eventsFile, 'utf8')).toBe(await madeEventsPage());
});

test('warnings and errors say what to do, and nothing else does', () => {
  for (const [name, { level, todo }] of Object.entries(events)) {
    expect([name, todo !== undefined]).toEqual([name, level === 'warn' || level === 'error']);
  }
});

test('every field is one of some event', () => {
  const used = Object.values(events).flatMap(({ fields }) => fields.map((field) => field.replace('?', '')));
  expect(Object.keys(eventFields).filter((name) => !used.includes(name))).toEqual([]);
  expect(eventsPage()).not.toContain('undefined');
});

/**
 * The list is written by hand and only grows: a line that is changed breaks somebody's search. A new event is a new
 * line, a new field a word at the end of one.
 */
test('what was promised of the events is kept, and what there is now is promised', async () => {
  const file = new URL('../acceptance/promised-events.txt', import.meta.url);
  expect(promises()).toEqual((await readFile(file, 'utf8')).trimEnd().split('\n'));
});
