import { setPassword } from '../../shared/operator/console-users.ts';
import { argon2 } from '../../shared/operator/passwords.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { requireConsoleUser } from '../../shared/store/console-users.ts';
import { plainForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import type { Action, Page } from '../page.ts';
import { provePassword } from '../sign-in.ts';

/** Everybody's own password. */

export const accountPath = '/account';
export const passwordPath = '/account/password';

const field = (name: string, label: string, kind: 'current-password' | 'new-password'): Html => html`
  <label>
    ${label} <input type="password" name="${name}" required maxlength="128" autocomplete="${kind}" />
  </label>
`;

export const accountPage: Page = {
  path: accountPath,
  title: 'Your password',
  role: 'viewer',
  render: async (context) => {
    const { one_time: oneTime } = await requireConsoleUser(context.db, context.user.name);
    return html`
      ${oneTime === 1 && html`<p class="warning">This password was for the first time only: choose your own.</p>`}
      <p>12 characters or more. A sentence that only you think of is better than a word with signs in it.</p>
      ${plainForm(context, {
        action: passwordPath,
        label: 'Change the password',
        reason: false,
        fields: [
          field('present', 'Present password', 'current-password'),
          field('wanted', 'New password', 'new-password'),
          field('again', 'New password once more', 'new-password'),
        ],
      })}
    `;
  },
};

export const changePassword: Action = {
  path: passwordPath,
  title: 'Your password',
  role: 'viewer',
  run: async (context, { form }) => {
    const { user, session, clock } = context;
    const [present, password] = [form.secret('present'), form.secret('wanted')];
    if (password !== form.secret('again'))
      throw new Fault('BAD_INPUT', 'the new password was typed in two ways');
    if (password === present) throw new Fault('BAD_INPUT', 'the new password is the present one');
    await provePassword(context, argon2, user.name, present);
    const operator = { who: user.name, reason: 'changed by the user', now: clock.now() };
    await setPassword(context.db, argon2, operator, { name: user.name, password, oneTime: false, session });
    return { to: '/', notice: 'The password is changed. Your other sessions have ended.' };
  },
};
