import type { Command } from 'commander';

import { jobs } from '../../jobs/registry.ts';
import { ageBounds, backlog, type QueueShape } from '../../shared/operator/backlog.ts';
import { overview, type Overview } from '../../shared/operator/overview.ts';
import { readProbes } from '../../shared/probes/measure.ts';
import { needsLook } from '../../shared/probes/probe-rules.ts';
import type { Reading } from '../../shared/probes/probe.ts';
import { listEvents } from '../../shared/store/workflow-events.ts';
import { shortTime, table } from '../output.ts';
import { examples, sessionOf, wholeNumber } from '../session.ts';
import { fileTable } from './files.ts';
import { probeTable } from './probes.ts';
import { requestTable } from './requests.ts';

export function statusCommands(enrol: Command): void {
  enrol
    .command('status')
    .description('is everything well: daemons, backlog, problems, open requests, jobs')
    .option('--backlog', 'only what waits, by its age in minutes, in the style of qshape')
    .addHelpText('after', examples('enrol status', 'enrol status --backlog', 'enrol status --json'))
    .action(async (options: { backlog?: boolean }, command: Command) => {
      const session = sessionOf(command);
      if (options.backlog === true) {
        const shapes = await session.withStore((db, loaded) => backlog(loaded, db, new Date()));
        session.print(shapes, shapeLines(shapes));
        return;
      }
      const keys = jobs.map((job) => job.key);
      const seen = await session.withStore(async (db, loaded) => {
        const now = new Date();
        return { ...(await overview(loaded, db, keys, now)), probes: await readProbes(loaded, db, now) };
      });
      session.print(seen, [...lookLines(seen.probes), '', ...toLines(seen)]);
    });

  enrol
    .command('events')
    .description('workflow events, newest first')
    .addHelpText('after', examples('enrol events --limit 10'))
    .option('--limit <n>', 'at most so many', wholeNumber, 50)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const session = sessionOf(command);
      const events = await session.withStore((db) => listEvents(db, { limit }));
      const lines = events.map(
        (event) =>
          `${shortTime(event.created_at)}  ${event.event_type}/${event.event_code}  order ${event.reference_number}\n` +
          event.notes.replace(/^/gm, '    '),
      );
      session.print(events, lines.length > 0 ? lines : 'No workflow events.');
    });
}

/** Numbers to the right, and a sum of all. */
function shapeLines(shapes: readonly QueueShape[]): string[] {
  const ages = Array.from({ length: ageBounds.length + 1 }, (_, at) =>
    shapes.reduce((sum, shape) => sum + (shape.ages[at] ?? 0), 0),
  );
  const total = shapes.reduce((sum, shape) => sum + shape.total, 0);
  const rows = [{ queue: 'all', name: '', total, ages }, ...shapes];
  const titles = ['T', ...ageBounds.map(String), `${ageBounds.at(-1) ?? ''}+`];
  const columns = titles.map((title, at) => [
    title,
    ...rows.map((row) => String(at === 0 ? row.total : row.ages[at - 1])),
  ]);
  const widths = columns.map((cells) => Math.max(...cells.map(({ length }) => length)));
  const numbers = (row: number) => columns.map((cells, at) => (cells[row] ?? '').padStart(widths[at] ?? 0));
  return table(
    ['queue', 'of', ...numbers(0)],
    rows.map(({ queue, name }, at) => [queue, name, ...numbers(at + 1)]),
  );
}

/** What is not well comes first. */
function lookLines(readings: readonly Reading[]): string[] {
  const looked = readings.filter(needsLook);
  return looked.length === 0
    ? [`All is well: ${readings.length} probes are green.`]
    : ['Needs a look', ...probeTable(looked)];
}

function toLines(seen: Overview): string[] {
  const { daemons, inboxes, openRequests } = seen;
  return [
    'Daemons',
    ...table(
      ['name', 'state', 'host', 'pid', 'since'],
      daemons.map((each) => [
        each.name,
        each.running ? 'running' : 'stopped',
        each.host,
        each.pid,
        shortTime(each.since),
      ]),
    ),
    ...section('Intake that is paused', seen.pauses, (pauses) =>
      table(
        ['intake', 'since', 'by', 'reason'],
        pauses.map((each) => [each.intake, shortTime(each.since), each.who, each.reason]),
      ),
    ),
    ...section('Disks that are too full: nothing new is taken in', seen.shortOfRoom, (rooms) =>
      table(
        ['folder', 'MB free', 'MB in reserve'],
        rooms.map((each) => [each.folder, each.freeMegabytes, each.reserveMegabytes]),
      ),
    ),
    '',
    'Inboxes',
    ...table(
      ['inbox', ...Object.keys(inboxes[0]?.backlog ?? {}), 'deferred', 'held', 'rejected', 'done'],
      inboxes.map((each) => [
        each.name,
        ...Object.values(each.backlog),
        each.deferred,
        each.held,
        each.rejected,
        each.done,
      ]),
    ),
    ...section('Files that need somebody', seen.problems, fileTable),
    ...section('Batches in error', seen.batchesInError, (batches) =>
      table(
        ['batch', 'interface', 'provider', 'stage', 'since'],
        batches.map((each) => [each.id, each.type, each.provider_id, each.stage, shortTime(each.updated_at)]),
      ),
    ),
    ...section('Providers that are left alone for a while', seen.resting, (resting) =>
      table(
        ['provider', 'until', 'fault', 'detail'],
        resting.map((each) => [each.provider_id, shortTime(each.rests_until), each.fault_code, each.detail]),
      ),
    ),
    ...section('Provider requests without a final answer', openRequests, requestTable),
    '',
    'Jobs',
    ...table(
      ['job', 'last run', 'state', 'detail'],
      seen.jobs.map(({ job, lastRun }) => [
        job,
        shortTime(lastRun?.started_at ?? null),
        lastRun?.state,
        lastRun?.detail,
      ]),
    ),
    '',
    `Devices: ${
      Object.entries(seen.devices)
        .map(([status, count]) => `${count ?? 0} ${status}`)
        .join(', ') || 'none'
    }`,
  ];
}

const section = <T>(title: string, list: readonly T[], show: (list: readonly T[]) => string[]): string[] =>
  list.length === 0 ? [] : ['', title, ...show(list)];
