import { InvalidArgumentError, Option, type Command } from 'commander';

import { runDaemon, type Runtime, type Work } from '../../shared/daemon/process.ts';
import { addressOf } from '../../shared/runtime/listen-rules.ts';
import { listConsoleUsers } from '../../shared/store/console-users.ts';
import { examples, sessionOf } from '../session.ts';
import { up } from '../up.ts';

interface DaemonOptions {
  readonly once: boolean;
  readonly listen?: string;
}

interface Daemon {
  readonly description: string;
  /** Loads the daemon's code only when it is started: every other command starts sooner, and each daemon stays small. */
  readonly plan: (runtime: Runtime, options: DaemonOptions) => Promise<Work>;
  /** What it alone takes. */
  readonly options?: readonly Option[];
}

const listenOption = new Option(
  '--listen <host:port>',
  'take posted files at this address, with the certificates and proofs of loader.listen',
)
  .conflicts('once')
  .argParser((text) => {
    if (addressOf(text) === undefined) throw new InvalidArgumentError('HOST:PORT is needed.');
    return text;
  });

const daemons: Readonly<Record<string, Daemon>> = {
  loader: {
    description: 'From Generic Format: sealed generic files in, batches out',
    // Who works off what is there does not wait for what comes.
    plan: async (runtime, { once, listen }) => {
      const { loader } = await import('../../daemons/loader/main.ts');
      return loader(runtime, once ? '' : listen);
    },
    options: [listenOption],
  },
  extractor: {
    description: 'To Generic Format: batches in, sealed generic files out',
    plan: async (runtime) => (await import('../../daemons/extractor/main.ts')).extractor(runtime),
  },
  adaptor: {
    description: 'Transformation: generic files to providers, and their answers back',
    plan: async (runtime) => (await import('../../daemons/adaptor/main.ts')).adaptor(runtime),
  },
  scheduler: {
    description: 'runs the jobs, by schedule and when a batch is ready',
    plan: async (runtime, { once }) => (await import('../../jobs/scheduler.ts')).scheduler(runtime, once),
  },
};

const withoutConsole =
  'The console is not started: nobody may use it yet. enrol user add NAME --role administrator adds a user.';

export function daemonCommands(enrol: Command): void {
  for (const [name, { description, plan, options = [] }] of Object.entries(daemons)) {
    const command = enrol
      .command(name)
      .description(description)
      .addHelpText('after', examples(`enrol ${name}`, `enrol ${name} --once`))
      .option('--once', 'work off what is there, then exit; exit code 6 if anything was rejected or held')
      .action(async (given: Partial<DaemonOptions>, called: Command) => {
        const { place } = sessionOf(called);
        const once = given.once ?? false;
        process.exitCode = await runDaemon(name, { ...place, once }, async (runtime) =>
          plan(runtime, { ...given, once }),
        );
      });
    for (const option of options) command.addOption(option);
  }

  enrol
    .command('up')
    .description(
      'run all daemons, the scheduler and, when it has a user, the console in this terminal; Ctrl-C stops them all',
    )
    .addHelpText('after', examples('enrol --home /srv/enrol up'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      // What is wrong for all of them, a missing store for one, is said once.
      const users = await session.withStore(listConsoleUsers);
      const hasConsole = users.some(({ disabled_at }) => disabled_at === null);
      if (!hasConsole) process.stderr.write(`${withoutConsole}\n`);
      const names = [...Object.keys(daemons), ...(hasConsole ? ['console'] : [])];
      process.exitCode = await up(session.place, names);
    });
}
