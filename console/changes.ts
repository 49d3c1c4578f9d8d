import { html, type Html } from './html.ts';
import { table, time } from './parts.ts';
import type { Row } from '../shared/store/tables.ts';

/** What an action has changed, from the audit. Pure. */

interface Change {
  /** Empty where the whole is one value. */
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What differs between two values in JSON, by name; names of what lies deeper are joined by dots. */
export function changesOf(before: string | null, after: string | null): Change[] {
  const [old, present] = [leavesOf(before), leavesOf(after)];
  const names = [...new Set([...old.keys(), ...present.keys()])];
  return names
    .map((name) => ({ name, before: old.get(name), after: present.get(name) }))
    .filter((change) => change.before !== change.after);
}

function leavesOf(json: string | null): Map<string, string> {
  const leaves = new Map<string, string>();
  if (json !== null) collect(JSON.parse(json), '', leaves);
  return leaves;
}

function collect(value: unknown, name: string, leaves: Map<string, string>): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value))
      collect(inner, name === '' ? key : `${name}.${key}`, leaves);
  } else if (value !== null) {
    leaves.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
}

/** `role: viewer → operator`, a line each; nothing where nothing differs. */
export const changeList = (before: string | null, after: string | null): Html | null => {
  const changes = changesOf(before, after);
  if (changes.length === 0) return null;
  return html`<ul class="plain">
    ${changes.map(({ name, before: old, after: present }) => {
      return html`<li>
        ${name !== '' && html`<span class="code">${name}</span>: `}${difference(old, present)}
      </li>`;
    })}
  </ul>`;
};

/** Words, and not colour alone: `none` for what was not there or is not any more. */
const difference = (before: string | undefined, after: string | undefined): Html =>
  html`${before === undefined ? false : html`<del>${shownValue(before)}</del> → `}${
    after === undefined ? html`<span class="quiet">none</span>` : html`<ins>${shownValue(after)}</ins>`
  }`;

const shownValue = (text: string): string => (text === '' ? '(empty)' : text);

/** The history of one thing, newest first. */
export const historyTable = (rows: readonly Row<'audit'>[]): Html =>
  table(
    'Changes, newest first',
    ['Time (UTC)', 'Who', 'Change', 'Reason'],
    rows.map((row) => [time(row.at), row.who, changeList(row.before_json, row.after_json), row.reason]),
  );
