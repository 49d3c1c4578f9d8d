import { Option, type Command } from 'commander';
import { rm } from 'node:fs/promises';

import {
  addToken,
  defaultDays,
  longestDays,
  makeApiToken,
  revokeToken,
  tokenState,
} from '../../shared/operator/api-tokens.ts';
import { writeNewFile } from '../../shared/runtime/secrets.ts';
import { listApiTokens, type ApiToken } from '../../shared/store/api-tokens.ts';
import { roles, type Role } from '../../shared/store/states/role.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf, wholeNumber, type Session } from '../session.ts';

interface AddOptions {
  readonly role: Role;
  readonly days: number;
  readonly file?: string;
  readonly reason: string;
}

const reasonOption = ['--reason <text>', 'why; kept in the audit'] as const;

/** What was made from the token stays in the store. */
const shown = ({ digest, ...token }: ApiToken, now = new Date()) => ({
  ...token,
  state: tokenState({ digest, ...token }, now),
});

export function tokenCommands(enrol: Command): void {
  const token = enrol.command('token').description('tokens of programs that use the HTTP API');

  token
    .command('add <name>')
    .description('make a token; it is shown once, or goes into a file, and cannot be had again')
    .addOption(new Option('--role <role>', 'what the program may do').choices(roles).makeOptionMandatory())
    .option('--days <n>', `good for so many days, at most ${longestDays}`, wholeNumber, defaultDays)
    .option('--file <file>', 'write the token into this new file, of mode 0600, and do not show it')
    .requiredOption(...reasonOption)
    .addHelpText('after', examples('enrol token add billing --role viewer --reason "monthly report"'))
    .action(async (name: string, options: AddOptions, command: Command) => {
      await add(sessionOf(command), name, options);
    });

  token
    .command('list')
    .description('tokens with role, state and last use')
    .addHelpText('after', examples('enrol token list'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const tokens = (await session.withStore(listApiTokens)).map((each) => shown(each));
      const rows = tokens.map((each) => [
        each.name,
        each.role,
        each.state,
        shortTime(each.expires_at),
        shortTime(each.last_used_at),
        each.created_by,
      ]);
      const titles = ['token', 'role', 'state', 'expires (UTC)', 'last used (UTC)', 'made by'];
      session.print(tokens, table(titles, rows));
    });

  token
    .command('revoke <name>')
    .description('let a token in no more, from its next request on')
    .requiredOption(...reasonOption)
    .addHelpText('after', examples('enrol token revoke billing --reason "not used any more"'))
    .action(async (name: string, { reason }: { reason: string }, command: Command) => {
      const session = sessionOf(command);
      const revoked = await session.withStore((db) => revokeToken(db, session.operator(reason), name));
      session.print(shown(revoked), `Token ${revoked.name}: revoked`);
    });
}

/** The file is written first: a token that nobody has must not be in the store. */
async function add(session: Session, name: string, { role, days, file, reason }: AddOptions): Promise<void> {
  const token = makeApiToken();
  if (file !== undefined) await writeNewFile(file, `${token}\n`, 0o600);
  try {
    const added = await session.withStore((db) =>
      addToken(db, session.operator(reason), { name, role, days }, token),
    );
    const line = `Token ${name}: ${role}, until ${shortTime(added.expires_at)} UTC`;
    if (file !== undefined) session.print(shown(added), `${line}, in ${file}`);
    else session.print({ ...shown(added), token }, [line, token, 'It is not shown again.']);
  } catch (thrown) {
    if (file !== undefined) await rm(file, { force: true });
    throw thrown;
  }
}
