import type { Command } from 'commander';

import { jobNamed, jobs } from '../../jobs/registry.ts';
import { runJob } from '../../jobs/run-job.ts';
import { jobSettings, type JobSettings } from '../../jobs/schedule.ts';
import { asWorker } from '../../shared/daemon/as-worker.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { scheduleInWords } from '../../shared/schedule/in-words.ts';
import { lastRun } from '../../shared/store/job-runs.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf } from '../session.ts';
import { jobSettingCommands } from './job-settings.ts';

const shownSettings = ({ enabled, priority, schedule }: JobSettings) => ({ enabled, priority, schedule });

export function jobCommands(enrol: Command): void {
  const job = enrol.command('job').description('jobs');

  job
    .command('list')
    .description('jobs with schedule, trigger and last run')
    .addHelpText('after', examples('enrol job list'))
    .action(async (_options: unknown, command: Command) => {
      const session = sessionOf(command);
      const listed = await session.withStore((db, { config }) =>
        Promise.all(
          jobs.map(async ({ key, name, description, trigger }) => ({
            job: key,
            name,
            description,
            trigger: trigger ?? null,
            ...shownSettings(await jobSettings(db, config, key)),
            lastRun: (await lastRun(db, key)) ?? null,
          })),
        ),
      );
      const rows = listed.map((each) => [
        each.job,
        each.name,
        each.enabled ? 'yes' : 'no',
        each.priority,
        scheduleInWords(each.schedule) || (each.trigger ? 'a loaded batch' : 'by hand'),
        shortTime(each.lastRun?.started_at ?? null),
        each.lastRun?.state,
      ]);
      session.print(listed, table(['job', 'name', 'enabled', 'priority', 'runs', 'last run', 'state'], rows));
    });

  job
    .command('run <job>')
    .description('run a job now; exit code 6 if it met problems')
    .addHelpText('after', examples('enrol job run deviceEnrolmentRequest'))
    .action(async (name: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const wanted = jobNamed(name);
      // A run that was taken over finds out by itself, at its next step.
      const { run, result } = await session.withStore((db, loaded) =>
        asWorker(
          { db, loaded, clock: systemClock },
          'enrol job',
          () => undefined,
          (present) => runJob({ ...present, emit: () => undefined }, wanted, 'operator'),
        ),
      );
      session.print({ run: run.id, state: run.state, ...result }, [
        `${wanted.name}: ${result.batches} batch(es), ${result.records} record(s), ${result.problems.length} problem(s)`,
        ...result.problems.map((problem) => `  ${problem}`),
      ]);
      if (result.problems.length > 0) process.exitCode = exitCodes.refused.code;
    });

  jobSettingCommands(job);
}
