import {
  addUser,
  changeRole,
  disableUser,
  enableUser,
  lockedOut,
  setPassword,
  unlockUser,
} from '../../shared/operator/console-users.ts';
import { argon2, makePassword } from '../../shared/operator/passwords.ts';
import { listConsoleUsers, type ConsoleUser } from '../../shared/store/console-users.ts';
import { roles } from '../../shared/store/states/role.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page } from '../page.ts';
import { select, status, table, time } from '../parts.ts';

const path = '/users';
const rolePath = '/users/:user/role';
const disablePath = '/users/:user/disable';
const enablePath = '/users/:user/enable';
const passwordPath = '/users/:user/password';
const unlockPath = '/users/:user/unlock';

export const usersPage: Page = {
  path,
  title: 'Users',
  menu: 'System Configuration',
  role: 'administrator',
  render: async (context) => {
    const users = await listConsoleUsers(context.db);
    const locked = new Set(await lockedOut(context.db, context.clock.now()));
    return html`
      ${actionForm(context, {
        action: path,
        label: 'Add a user',
        reason: true,
        fields: [
          html`<label>Name <input name="name" required maxlength="32" autocomplete="off" /></label>`,
          select('role', 'Role', roles, 'viewer'),
        ],
      })}
      ${table(
        'Who may use the console',
        ['Name', 'Role', 'State', 'Last signed in (UTC)', 'Added (UTC)', 'Actions'],
        users.map((user) => [
          user.name,
          user.role,
          statesOf(user, locked.has(user.id)),
          user.signed_in_at === null ? html`<span class="quiet">never</span>` : time(user.signed_in_at),
          time(user.created_at),
          actionsOn(context, user, locked.has(user.id)),
        ]),
      )}
    `;
  },
};

const statesOf = ({ disabled_at, one_time }: ConsoleUser, isLocked: boolean): Html => html`
  ${disabled_at === null ? status('ok', 'enabled') : status('idle', 'disabled')}
  ${one_time === 1 && status('idle', 'one-time password')} ${isLocked && status('warn', 'locked out')}
`;

const actionsOn = (
  context: Context,
  { name, role, disabled_at }: ConsoleUser,
  isLocked: boolean,
): Html => html`
  <div class="actions">
    ${
      isLocked &&
      actionForm(context, {
        action: pathTo(unlockPath, { user: name }),
        label: 'Unlock',
        reason: true,
      })
    }
    ${actionForm(context, {
      action: pathTo(rolePath, { user: name }),
      label: 'Change the role',
      reason: true,
      fields: select('role', 'Role', roles, role),
    })}
    ${actionForm(context, {
      action: pathTo(passwordPath, { user: name }),
      label: 'Give a new password',
      reason: true,
      warning: `The sessions of ${name} end at once.`,
    })}
    ${
      disabled_at === null
        ? actionForm(context, {
            action: pathTo(disablePath, { user: name }),
            label: 'Disable',
            reason: true,
            warning: `The sessions of ${name} end at once.`,
          })
        : actionForm(context, {
            action: pathTo(enablePath, { user: name }),
            label: 'Enable',
            reason: true,
          })
    }
  </div>
`;

/** It is shown now and never again: the store has only what was made from it. */
const shownOnce = (name: string, password: string): Html => html`
  <p class="notice">Tell ${name} this password by telephone or in person; it has to be changed at once.</p>
  <pre>${password}</pre>
  <p>It is not shown again. <a href="${path}">Users</a></p>
`;

export const userActions: readonly Action[] = [
  {
    path,
    title: 'User added',
    role: 'administrator',
    run: async (context, request) => {
      const name = request.form.text('name');
      const role = request.form.choice('role', roles);
      const password = makePassword();
      await addUser(context.db, argon2, operatorOf(context, request), {
        name,
        role,
        password,
        oneTime: true,
      });
      return shownOnce(name, password);
    },
  },
  {
    path: passwordPath,
    title: 'New password',
    role: 'administrator',
    run: async (context, request) => {
      const name = request.params.text('user');
      const password = makePassword();
      await setPassword(context.db, argon2, operatorOf(context, request), { name, password, oneTime: true });
      return shownOnce(name, password);
    },
  },
  {
    path: rolePath,
    title: 'Role',
    role: 'administrator',
    run: async (context, request) => {
      const role = request.form.choice('role', roles);
      const user = await changeRole(
        context.db,
        operatorOf(context, request),
        request.params.text('user'),
        role,
      );
      return { to: path, notice: `${user.name} is ${user.role} now.` };
    },
  },
  {
    path: disablePath,
    title: 'Disable',
    role: 'administrator',
    run: async (context, request) => {
      const user = await disableUser(context.db, operatorOf(context, request), request.params.text('user'));
      return { to: path, notice: `${user.name} is disabled.` };
    },
  },
  {
    path: enablePath,
    title: 'Enable',
    role: 'administrator',
    run: async (context, request) => {
      const user = await enableUser(context.db, operatorOf(context, request), request.params.text('user'));
      return { to: path, notice: `${user.name} is enabled.` };
    },
  },
  {
    path: unlockPath,
    title: 'Unlock',
    role: 'administrator',
    run: async (context, request) => {
      const user = await unlockUser(context.db, operatorOf(context, request), request.params.text('user'));
      return { to: path, notice: `${user.name} may try to sign in again.` };
    },
  },
];
