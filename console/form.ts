import { html, type Html, type Value } from './html.ts';
import type { Context } from './page.ts';

export interface ActionForm {
  /** Path of the action: `pathTo('/files/:file/hold', { file: 31 })`. */
  readonly action: string;
  /** On the button: what it does. */
  readonly label: string;
  /** Whether a reason is asked for. */
  readonly reason: boolean;
  /** What it leads to; asked once more where scripts run. */
  readonly warning?: string;
  /** Further fields. */
  readonly fields?: Value;
}

/** The first step opens the form, the second sends it: nothing happens by one careless click. */
export const actionForm = (context: Context, form: ActionForm): Html => html`
  <details class="action">
    <summary>${form.label}…</summary>
    ${plainForm(context, form)}
  </details>
`;

/** A form that stands open. */
export const plainForm = (
  context: Context,
  { action, label, reason, warning, fields }: ActionForm,
): Html => html`
  <form method="post" action="${action}" ${warning !== undefined && html`data-confirm="${warning}"`}>
    <input type="hidden" name="csrf" value="${context.csrf}" />
    ${warning !== undefined && html`<p class="warning">${warning}</p>`} ${fields}
    ${reason && html`<label>Reason <input name="reason" required maxlength="500" autocomplete="off" /></label>`}
    <button type="submit">${label}</button>
  </form>
`;
