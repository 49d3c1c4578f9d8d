import { Option, type Command } from 'commander';

import {
  addUser,
  changeRole,
  disableUser,
  enableUser,
  lockedOut,
  setPassword,
  unlockUser,
} from '../../shared/operator/console-users.ts';
import { argon2 } from '../../shared/operator/passwords.ts';
import { listConsoleUsers, type ConsoleUser } from '../../shared/store/console-users.ts';
import { roles, type Role } from '../../shared/store/states/role.ts';
import { shortTime, table } from '../output.ts';
import { readNewPassword } from '../password.ts';
import { examples, sessionOf } from '../session.ts';

const passwordFile = [
  '--password-file <file>',
  'the password, in a file of mode 0600; else asked for',
] as const;

const roleOption = () =>
  new Option('--role <role>', 'what the user may do').choices(roles).makeOptionMandatory();

const switches = {
  disable: { description: 'let a user in no more; open sessions end at once', act: disableUser },
  enable: { description: 'let a user in again', act: enableUser },
  unlock: { description: 'end a lock-out after failed attempts to sign in', act: unlockUser },
} as const;

/** What was made from the password stays in the store. */
const shown = ({ password_hash, ...user }: ConsoleUser) => user;

const stateOf = ({ disabled_at, one_time }: ConsoleUser): string =>
  disabled_at !== null ? 'disabled' : one_time === 1 ? 'one-time password' : 'enabled';

export function userCommands(enrol: Command): void {
  const user = enrol.command('user').description('users of the console');

  user
    .command('add <name>')
    .description('add a user; the password is asked for, or read from stdin')
    .addOption(roleOption())
    .option(...passwordFile)
    .addHelpText('after', examples('enrol user add alice --role administrator'))
    .action(async (name: string, options: { role: Role; passwordFile?: string }, command: Command) => {
      const session = sessionOf(command);
      const password = await readNewPassword(options.passwordFile);
      const wanted = { name, role: options.role, password, oneTime: false };
      const added = await session.withStore((db) =>
        addUser(db, argon2, session.operator('enrol user add'), wanted),
      );
      session.print(shown(added), `User ${added.name}: ${added.role}`);
    });

  user
    .command('list')
    .description('users with role and state')
    .addHelpText('after', examples('enrol user list'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const users = await session.withStore(async (db) => {
        const locked = await lockedOut(db, new Date());
        return (await listConsoleUsers(db)).map((each) => ({ ...each, lockedOut: locked.includes(each.id) }));
      });
      const rows = users.map((each) => [
        each.name,
        each.role,
        each.lockedOut ? `${stateOf(each)}, locked out` : stateOf(each),
        shortTime(each.signed_in_at),
      ]);
      session.print(users.map(shown), table(['user', 'role', 'state', 'signed in (UTC)'], rows));
    });

  user
    .command('role <name>')
    .description('change what a user may do; applies at once')
    .addOption(roleOption())
    .addHelpText('after', examples('enrol user role alice --role viewer'))
    .action(async (name: string, { role }: { role: Role }, command: Command) => {
      const session = sessionOf(command);
      const changed = await session.withStore((db) =>
        changeRole(db, session.operator('enrol user role'), name, role),
      );
      session.print(shown(changed), `User ${changed.name}: ${changed.role}`);
    });

  user
    .command('password <name>')
    .description('give a user another password, which ends a lock-out and open sessions')
    .option(...passwordFile)
    .addHelpText('after', examples('enrol user password alice'))
    .action(async (name: string, options: { passwordFile?: string }, command: Command) => {
      const session = sessionOf(command);
      const password = await readNewPassword(options.passwordFile);
      const changed = await session.withStore((db) =>
        setPassword(db, argon2, session.operator('enrol user password'), { name, password, oneTime: false }),
      );
      session.print(shown(changed), `User ${changed.name}: password changed`);
    });

  for (const [verb, { description, act }] of Object.entries(switches)) {
    user
      .command(`${verb} <name>`)
      .description(description)
      .addHelpText('after', examples(`enrol user ${verb} alice`))
      .action(async (name: string, _options: unknown, command: Command) => {
        const session = sessionOf(command);
        const changed = await session.withStore((db) =>
          act(db, session.operator(`enrol user ${verb}`), name),
        );
        session.print(shown(changed), `User ${changed.name}: ${stateOf(changed)}`);
      });
  }
}
