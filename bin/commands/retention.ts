import type { Command } from 'commander';

import { dryRunJob } from '../../jobs/retention.ts';
import { runJob } from '../../jobs/run-job.ts';
import { asWorker } from '../../shared/daemon/as-worker.ts';
import { audit } from '../../shared/operator/operator.ts';
import { isAnnounced, isRetentionSet } from '../../shared/operator/retention.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import type { LoadedConfig } from '../../shared/runtime/config.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { bug } from '../../shared/runtime/faults.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { listRetentionRuns, type RetentionRun } from '../../shared/store/retention-runs.ts';
import type { Db } from '../../shared/store/tables.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf, type Session } from '../session.ts';

interface Options {
  readonly dryRun?: true;
  readonly list?: true;
  readonly reason: string;
}

export function retentionCommands(enrol: Command): void {
  enrol
    .command('retention')
    .description('what was deleted because it was kept long enough; enrol job run retention deletes')
    .option('--dry-run', 'count what would go now; the job deletes by no settings of which there was none')
    .option('--list', 'with --dry-run: every file that would go')
    .option('--reason <text>', 'with --dry-run: why; kept in the audit', 'a dry run')
    .addHelpText('after', examples('enrol retention', 'enrol retention --dry-run --list'))
    .action(async (options: Options, command: Command) => {
      const session = sessionOf(command);
      if (options.dryRun === true) await dryRun(session, options);
      else await listRuns(session);
    });
}

async function listRuns(session: Session): Promise<void> {
  const listed = await session.withStore(async (db, loaded) => ({
    set: isRetentionSet(loaded),
    announced: await isAnnounced(db, loaded),
    runs: (await listRetentionRuns(db, { limit: 20 })).map(withReport),
  }));
  const rows = listed.runs.map((run) => [
    run.id,
    run.kind,
    shortTime(run.started_at),
    shortTime(run.finished_at),
    run.files,
    run.bytes,
  ]);
  session.print(listed, [
    standing(listed.set, listed.announced),
    ...table(['run', 'kind', 'began', 'ended', 'files', 'bytes'], rows),
  ]);
}

function standing(set: boolean, announced: boolean): string {
  if (!set) return 'No setting lets anything go.';
  return announced
    ? 'The newest dry run was one of the present settings: the job deletes.'
    : 'The job deletes nothing before a dry run of the present settings: enrol retention --dry-run';
}

const withReport = ({ report_json: report, settings_json: settings, ...run }: RetentionRun) => ({
  ...run,
  settings: JSON.parse(settings) as object,
  report: report === null ? null : (JSON.parse(report) as object),
});

async function dryRun(session: Session, { list, reason }: Options): Promise<void> {
  const files: Delivery[] = [];
  const { run, problems } = await session.withStore((db, loaded) =>
    runDry(session, db, loaded, reason, files),
  );
  const listed = files.map(({ id, place, size, settled_at: settled }) => ({ id, place, size, settled }));
  const settled = files.map((file) => file.settled_at ?? '').sort();
  session.print({ ...withReport(run), problems, ...(list === true && { list: listed }) }, [
    ...(list === true
      ? [
          ...table(
            ['file', 'bytes', 'settled', 'place'],
            listed.map((each) => [each.id, each.size, shortTime(each.settled), each.place]),
          ),
          '',
        ]
      : []),
    `${run.files} file(s), ${run.bytes} bytes would go`,
    ...(settled.length > 0
      ? [`settled from ${shortTime(settled[0] ?? null)} to ${shortTime(settled.at(-1) ?? null)}`]
      : []),
    ...rowLines(run),
    ...problems,
  ]);
  if (problems.length > 0) process.exitCode = exitCodes.refused.code;
}

function rowLines({ report_json: report }: RetentionRun): string[] {
  const { rows } = JSON.parse(report ?? '{"rows":{}}') as { rows: Record<string, number> };
  return Object.entries(rows).map(([name, count]) => `${name}: ${count} row(s) would go`);
}

function runDry(session: Session, db: Db, loaded: LoadedConfig, reason: string, files: Delivery[]) {
  const host = { db, loaded, clock: systemClock };
  // A run that was taken over finds out by itself, at its next step.
  return asWorker(
    host,
    'enrol retention',
    () => undefined,
    async (present) => {
      const job = dryRunJob((file) => files.push(file));
      const { result } = await runJob({ ...present, emit: () => undefined }, job, 'operator');
      const [run] = await listRetentionRuns(db, { limit: 1 });
      if (run === undefined) throw bug('the dry run was not recorded');
      await audit(db, session.operator(reason), {
        action: 'retention.dry-run',
        subject: 'retention',
        before: null,
        after: { run: run.id, files: run.files, bytes: run.bytes },
      });
      return { run, problems: result.problems };
    },
  );
}
