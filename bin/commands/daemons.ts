import type { Command } from 'commander';

import { adaptor } from '../../daemons/adaptor/main.ts';
import { extractor } from '../../daemons/extractor/main.ts';
import { loader } from '../../daemons/loader/main.ts';
import { scheduler } from '../../jobs/scheduler.ts';
import { runDaemon, type Runtime, type Work } from '../../shared/daemon/process.ts';
import { examples, sessionOf } from '../session.ts';
import { up } from '../up.ts';

type Plan = (runtime: Runtime, once: boolean) => Promise<Work> | Work;

const daemons: Readonly<Record<string, { description: string; plan: Plan }>> = {
  loader: { description: 'From Generic Format: sealed generic files in, batches out', plan: loader },
  extractor: { description: 'To Generic Format: batches in, sealed generic files out', plan: extractor },
  adaptor: {
    description: 'Transformation: generic files to providers, and their answers back',
    plan: adaptor,
  },
  scheduler: { description: 'runs the jobs, by schedule and when a batch is ready', plan: scheduler },
};

export function daemonCommands(enrol: Command): void {
  for (const [name, { description, plan }] of Object.entries(daemons)) {
    enrol
      .command(name)
      .description(description)
      .addHelpText('after', examples(`enrol ${name}`, `enrol ${name} --once`))
      .option('--once', 'work off what is there, then exit; exit code 6 if anything was rejected or held')
      .action(async (options: { once?: boolean }, command: Command) => {
        const { place } = sessionOf(command);
        const once = options.once ?? false;
        process.exitCode = await runDaemon(name, { ...place, once }, async (runtime) => plan(runtime, once));
      });
  }

  enrol
    .command('up')
    .description('run all daemons and the scheduler in this terminal; Ctrl-C stops them all')
    .addHelpText('after', examples('enrol --home /srv/enrol up'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      await session.withStore(() => Promise.resolve()); // What is wrong for all of them is said once.
      process.exitCode = await up(session.place, Object.keys(daemons));
    });
}
