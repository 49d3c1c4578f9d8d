import { Option, type Command } from 'commander';

import { jobNamed } from '../../jobs/registry.ts';
import { activeSchedule, jobSettings, type JobSettings } from '../../jobs/schedule.ts';
import {
  disableJob,
  enableJob,
  resetJob,
  setPriority,
  setSchedule,
} from '../../shared/operator/job-actions.ts';
import type { Operator } from '../../shared/operator/operator.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import {
  catchUpInWords,
  exclusionsInWords,
  nextTimesShown,
  scheduleInWords,
} from '../../shared/schedule/in-words.ts';
import { readSchedule, type WrittenSchedule } from '../../shared/schedule/read-schedule.ts';
import { catchUpPolicies, type Schedule } from '../../shared/schedule/schedule.ts';
import type { Db } from '../../shared/store/tables.ts';
import { table } from '../output.ts';
import { examples, sessionOf, wholeNumber, type Session } from '../session.ts';

/** `enrol job enable`, `disable`, `priority`, `schedule …`, `next`: how a job is to be run. */
export function jobSettingCommands(job: Command): void {
  changing(
    job,
    'enable <job>',
    'let schedule and trigger start a job',
    'enable deviceEnrolmentRequest',
  ).action((name: string, { reason }: Reasoned, command: Command) =>
    change(command, name, reason, (db, operator, key) => enableJob(db, operator, key)),
  );
  changing(
    job,
    'disable <job>',
    'run a job only when somebody asks',
    'disable deviceEnrolmentRequest',
  ).action((name: string, { reason }: Reasoned, command: Command) =>
    change(command, name, reason, (db, operator, key) => disableJob(db, operator, key)),
  );
  changing(
    job,
    'priority <job> <number>',
    'which of several jobs goes first: 1 does, 99 is last',
    'priority deviceEnrolmentRequest 10',
  ).action((name: string, text: string, { reason }: Reasoned, command: Command) =>
    change(command, name, reason, (db, operator, key) => setPriority(db, operator, key, wholeNumber(text))),
  );
  nextCommand(job);
  const schedule = job.command('schedule').description('when a job runs by itself');
  showCommand(schedule);
  setCommand(schedule);
  changing(
    schedule,
    'reset <job>',
    'back to the configuration: schedule, priority, and whether it is enabled',
    'schedule reset deviceEnrolmentRequest',
  ).action((name: string, { reason }: Reasoned, command: Command) =>
    change(command, name, reason, (db, operator, key) => resetJob(db, operator, key)),
  );
}

interface Reasoned {
  readonly reason: string;
}

const changing = (parent: Command, words: string, description: string, example: string): Command =>
  parent
    .command(words)
    .description(description)
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addHelpText('after', examples(`enrol job ${example} --reason "…"`));

/** Makes a change, and shows the job as it stands after it. */
async function change(
  command: Command,
  name: string,
  reason: string,
  act: (db: Db, operator: Operator, key: string, before: JobSettings) => Promise<void>,
): Promise<void> {
  const session = sessionOf(command);
  const { key } = jobNamed(name);
  const settings = await session.withStore(async (db, { config }) => {
    await act(db, session.operator(reason), key, await jobSettings(db, config, key));
    return jobSettings(db, config, key);
  });
  show(session, key, settings);
}

function show(session: Session, key: string, settings: JobSettings): void {
  const { enabled, priority, schedule, set } = settings;
  const rows: [string, string | number][] = [
    ['job', key],
    ['enabled', enabled ? 'yes' : 'no'],
    ['priority', priority],
    ['schedule', scheduleInWords(schedule) || 'none'],
    ['time zone', schedule.timeZone],
    ['excluded', exclusionsInWords(schedule) || 'no day'],
    ['catch-up', catchUpInWords(schedule)],
    ['set by', set ? `${set.updated_by} at ${set.updated_at}` : 'the configuration'],
  ];
  session.print(
    { job: key, enabled, priority, schedule, set: set ?? null },
    rows.map(([label, value]) => `${label.padEnd(9)} ${value}`),
  );
}

function showCommand(schedule: Command): void {
  schedule
    .command('show <job>')
    .description('the schedule of a job, and its other settings')
    .addHelpText('after', examples('enrol job schedule show deviceEnrolmentRequest'))
    .action(async (name: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      const { key } = jobNamed(name);
      show(session, key, await session.withStore((db, { config }) => jobSettings(db, config, key)));
    });
}

function nextCommand(job: Command): void {
  job
    .command('next <job>')
    .description('the next times at which the schedule starts a job')
    .option('--count <n>', 'so many', wholeNumber, 10)
    .addHelpText('after', examples('enrol job next deviceEnrolmentRequest --count 3'))
    .action(async (name: string, { count }: { count: number }, command: Command) => {
      const session = sessionOf(command);
      const { key } = jobNamed(name);
      const settings = await session.withStore((db, { config }) => jobSettings(db, config, key));
      const active = activeSchedule(settings);
      const times = active ? nextTimesShown(active, new Date(), Math.min(count, mostTimes)) : [];
      const { timeZone } = settings.schedule;
      const zones = timeZone === 'UTC' ? ['UTC'] : [timeZone, 'UTC'];
      session.print(
        times.map(({ local, utc }) => ({ local, timeZone, utc })),
        times.length === 0
          ? 'No schedule starts the job.'
          : table(
              zones,
              times.map(({ local, utc }) =>
                [local, utc.toISOString().slice(0, 16).replace('T', ' ')].slice(-zones.length),
              ),
            ),
      );
    });
}

const mostTimes = 1000;

interface SetOptions extends Reasoned {
  readonly none?: true;
  readonly daily?: true;
  readonly weekly?: string;
  readonly monthly?: string;
  readonly every?: string;
  readonly cron?: string;
  readonly at?: string;
  readonly timeZone?: string;
  readonly exclude?: string;
  readonly catchUp?: Schedule['catchUp'];
}

function setCommand(schedule: Command): void {
  schedule
    .command('set <job>')
    .description('change the schedule of a job; time zone, days and policy that are not named stay')
    .option('--none', 'no schedule')
    .option('--daily', 'every day, with --at')
    .option('--weekly <weekdays>', 'on weekdays like Mon,Thu, with --at')
    .option('--monthly <day>', 'on a day of the month, 1 to 31 or last, with --at')
    .option('--every <minutes>', 'every so many minutes, counted from midnight on')
    .option('--cron <pattern>', 'by a pattern: minute hour day month weekday')
    .option('--at <times>', 'times of day, like 06:30,14:00')
    .option('--time-zone <name>', 'like Europe/Berlin')
    .option('--exclude <days>', 'weekdays and dates, like Sat,Sun,12-25,2026-12-31; "" for none')
    .addOption(
      new Option('--catch-up <policy>', 'what was missed while no scheduler ran').choices(catchUpPolicies),
    )
    .requiredOption('--reason <text>', 'why; kept in the audit')
    .addHelpText(
      'after',
      examples(
        'enrol job schedule set deviceEnrolmentRequest --weekly Mon,Thu --at 06:30 --time-zone Europe/Berlin --reason "…"',
        'enrol job schedule set batchErrorManagement --every 30 --exclude Sat,Sun,12-25 --reason "…"',
      ),
    )
    .action((name: string, options: SetOptions, command: Command) =>
      change(command, name, options.reason, (db, operator, key, { schedule: before }) =>
        setSchedule(db, operator, key, readSchedule(writtenOf(options, before))),
      ),
    );
}

const kinds = ['none', 'daily', 'weekly', 'monthly', 'every', 'cron'] as const;

/** @throws Fault BAD_INPUT unless exactly one kind is named */
function writtenOf(options: SetOptions, before: Schedule): WrittenSchedule {
  const [kind, ...others] = kinds.filter((each) => options[each] !== undefined);
  if (kind === undefined || others.length > 0) {
    throw new Fault('BAD_INPUT', `name one kind of schedule: ${kinds.map((each) => `--${each}`).join(', ')}`);
  }
  const timed = kind === 'daily' || kind === 'weekly' || kind === 'monthly';
  if (!timed && options.at !== undefined) {
    throw new Fault('BAD_INPUT', `--at does not go with --${kind}`);
  }
  return {
    kind,
    times: options.at,
    weekdays: options.weekly,
    day: options.monthly,
    minutes: options.every,
    pattern: options.cron,
    timeZone: options.timeZone ?? before.timeZone,
    exclude: options.exclude ?? [...before.exclude.weekdays, ...before.exclude.days].join(' '),
    catchUp: options.catchUp ?? before.catchUp,
  };
}
