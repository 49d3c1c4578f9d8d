import { html, type Html, type Value } from './html.ts';

/** What pages are made of, so that they look alike. */

/** The colour of a status; the word stands beside it always. */
export type Kind = 'ok' | 'warn' | 'error' | 'idle';

export const status = (kind: Kind, word: string): Html => html`<span class="status ${kind}">${word}</span>`;

/** `2026-01-14 11:02:39` in UTC. */
export const time = (iso: string | null | undefined): Html =>
  iso === null || iso === undefined
    ? html``
    : html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`;

export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly number?: boolean;
}

/** A row has as many cells as there are columns; its first names it. */
export const table = (
  caption: string,
  columns: readonly (string | Column)[],
  rows: readonly (readonly Value[])[],
): Html => {
  const shown = columns.map((column) => (typeof column === 'string' ? { title: column } : column));
  const className = (index: number) => {
    if (shown[index]?.number === true) return html`class="number"`;
    return rows.some((cells) => isProse(cells[index])) && html`class="prose"`;
  };
  return html`
    <div class="table" role="region" aria-label="${caption}" tabindex="0">
      <table>
        <caption>
          ${caption}
        </caption>
        <thead>
          <tr>
            ${shown.map(({ title }, index) => html`<th scope="col" ${className(index)}>${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (cells) =>
              html`<tr>
                ${cells.map((cell, index) => html`<td ${className(index)}>${cell}</td>`)}
              </tr>`,
          )}
          ${
            rows.length === 0 &&
            html`<tr>
              <td colspan="${shown.length}" class="none">None.</td>
            </tr>`
          }
        </tbody>
      </table>
    </div>
  `;
};

/** More than a few words: its column keeps some room where there is too little for all. */
const isProse = (cell: Value): boolean =>
  /^(?=.*\s.*\s).{25}/s.test(
    html`${cell}`
      .toString()
      .replace(/<[^>]*>/g, '')
      .trim(),
  );

/** Names and values of one thing; what has no value is left out. */
export const facts = (entries: readonly (readonly [string, Value])[]): Html => html`
  <dl class="facts">
    ${entries
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
  </dl>
`;

/** A choice of a form, with a label. */
export const select = (
  name: string,
  label: string,
  choices: readonly string[],
  chosen: string | undefined,
  any?: string,
): Html => html`
  <label>
    ${label}
    <select name="${name}">
      ${any !== undefined && html`<option value="">${any}</option>`}
      ${choices.map(
        (choice) => html`<option value="${choice}" ${choice === chosen && html`selected`}>${choice}</option>`,
      )}
    </select>
  </label>
`;

export interface Choice {
  readonly title: string;
  readonly to: string;
  readonly chosen: boolean;
}

/** What a page can show instead, as links beside each other. */
export const choiceLinks = (label: string, choices: readonly Choice[]): Html => html`
  <nav class="switch" aria-label="${label}">
    ${choices.map(
      ({ title, to, chosen }) => html`<a href="${to}" ${chosen && html`aria-current="true"`}>${title}</a>`,
    )}
  </nav>
`;
