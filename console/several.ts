import { html, type Html } from './html.ts';
import { table } from './parts.ts';
import type { Values } from './values.ts';
import { mostAtOnce, type ManyResult } from '../shared/operator/many.ts';
import { Fault } from '../shared/runtime/faults.ts';

/** Things that are chosen in a list, to do the same with all of them. */

/** A box in a row of the list. */
export const tick = (kind: string, id: number): Html =>
  html`<input type="checkbox" name="${`${kind}.${id}`}" value="1" aria-label="${`Choose ${kind} ${id}`}" />`;

/** Numbers of the boxes that were ticked. @throws Fault BAD_INPUT */
export const tickedIds = (query: Values, kind: string): number[] => query.behind(`${kind}.`).map(numberOf);

/** The list as a form that leads to the page of what was chosen. */
export const choosing = (
  list: Html,
  { to, all, what }: { readonly to: string; readonly all: string; readonly what: string },
): Html => html`
  <form method="get" action="${to}">
    ${list}
    <div class="actions">
      <button type="submit">Go on with those chosen…</button>
      <a href="${all}">Go on with all ${what} that match…</a>
    </div>
  </form>
`;

/** What was chosen goes along with the form, so that nothing is done to what came later. */
export const idsField = (ids: readonly number[]): Html =>
  html`<input type="hidden" name="ids" value="${ids.join(' ')}" />`;

/** @throws Fault BAD_INPUT */
export const idsOf = (form: Values): number[] =>
  form
    .text('ids', mostAtOnce * 16)
    .split(' ')
    .map(numberOf);

function numberOf(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new Fault('BAD_INPUT', `${text} is no number`);
  return Number(text);
}

export const nothingChosen = (one: string, back: string): Html =>
  html`<p>
    No ${one} is chosen. Tick some in <a href="${back}">the list</a>, or go on with all that match.
  </p>`;

/** That there are more than can be done at once. */
export const moreWarning = (more: boolean, what: string): Html | false =>
  more &&
  html`<p class="warning">
    More match: these are the newest ${mostAtOnce} ${what}, as many as can be done at a time. Do the others
    after them.
  </p>`;

/** What became of the action, and of what it was not done to. */
export const resultOf = (
  { done, refused, left }: ManyResult,
  { one, back, link }: { readonly one: string; readonly back: string; readonly link: (id: number) => Html },
): Html => html`
  <p class="${refused.length === 0 ? 'notice' : 'warning'}">
    Done with ${done.length} of ${done.length + refused.length + left.length}.
    ${left.length > 0 && html`The last ${left.length} were not tried any more: what stopped it would stop them too.`}
  </p>
  ${
    refused.length > 0 &&
    table(
      'Not done, and why',
      [{ title: one, number: true }, 'Why', 'Detail'],
      refused.map(({ id, code, detail }) => [link(id), html`<span class="code">${code}</span>`, detail]),
    )
  }
  <p><a href="${back}">Back to the list</a></p>
`;
