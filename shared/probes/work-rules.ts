import type { ProbeConfig } from '../runtime/probe-schema.ts';
import type { ProbeState } from '../store/states/probe.ts';
import { gauge, stated } from './gauge-rules.ts';
import type { Measured } from './measured.ts';
import type { Reading } from './probe.ts';
import { stuckReason } from './request-rules.ts';

/** Whether the processes run, and their work goes on. Pure. */
export const workReadings = (measured: Measured, targets: ProbeConfig, now: Date): Reading[] => [
  ...daemons(measured),
  ...jobs(measured),
  batches(measured, targets),
  ...responses(measured, targets, now),
  stuck(measured, targets, now),
  ...rests(measured, targets),
  ...pauses(measured, targets, now),
];

const daemons = ({ daemons: needed }: Measured): Reading[] =>
  needed.map(({ name, processes }) =>
    gauge(
      {
        kind: 'daemon',
        subject: name,
        unit: 'processes',
        link: `/daemons/${encodeURIComponent(name)}`,
        sentence:
          processes > 0 ? `The ${name} is running.` : `The ${name} is not running: start enrol ${name}.`,
      },
      processes,
      { worse: 'below', amber: 1, red: 1 },
    ),
  );

const ends: Readonly<Record<string, { readonly state: ProbeState; readonly word: string }>> = {
  error: { state: 'red', word: 'failed' },
  interrupted: { state: 'amber', word: 'was interrupted: its process ended' },
};

function jobs({ jobs: known }: Measured): Reading[] {
  return known.map(({ job, state }) => {
    const end = ends[state ?? ''];
    const sentence = end
      ? `The last run of the job ${job} ${end.word}.`
      : `The job ${job} ${state === undefined ? 'has not run yet' : 'ran well'}.`;
    const link = `/jobs/${encodeURIComponent(job)}`;
    const described = { kind: 'job', subject: job, unit: 'failed runs', link, sentence } as const;
    return stated(described, end ? 1 : 0, end?.state ?? 'green', 'the last run ended well');
  });
}

function batches({ batchesInError: count }: Measured, { batches: targets }: ProbeConfig): Reading {
  const described = {
    kind: 'batches',
    subject: '',
    unit: 'batches',
    link: '/interfaces?status=Error',
    sentence: count === 0 ? 'No batch has stopped in error.' : `${count} batch(es) stopped in error.`,
  } as const;
  return gauge(described, count, { worse: 'above', amber: targets.amberBatches, red: targets.redBatches });
}

const hour = 3_600_000;

function responses({ oldestSent }: Measured, { responses: targets }: ProbeConfig, now: Date): Reading[] {
  const target = { worse: 'above', amber: targets.amberHours, red: targets.redHours } as const;
  return oldestSent.map(({ provider, sentAt }) => {
    const hours = sentAt === null ? 0 : Math.max(0, (now.getTime() - Date.parse(sentAt)) / hour);
    const sentence =
      sentAt === null
        ? `No request waits for ${provider}.`
        : `The oldest request has waited for ${provider} for ${Math.floor(hours)} hour(s).`;
    return gauge(
      { kind: 'response', subject: provider, unit: 'hours', link: '/requests', sentence },
      hours,
      target,
    );
  });
}

function stuck({ openRequests }: Measured, targets: ProbeConfig, now: Date): Reading {
  const count = openRequests.filter(
    (request) => stuckReason(request, targets.responses, now) !== undefined,
  ).length;
  const described = {
    kind: 'requests',
    subject: '',
    unit: 'requests',
    link: '/requests',
    sentence: count === 0 ? 'No provider request needs a look.' : `${count} provider request(s) need a look.`,
  } as const;
  const { amberRequests, redRequests } = targets.requests;
  return gauge(described, count, { worse: 'above', amber: amberRequests, red: redRequests });
}

const rests = ({ rests: known }: Measured, { rests: targets }: ProbeConfig): Reading[] =>
  known.map(({ provider_id: provider, rests: inRow, fault_code: code }) =>
    gauge(
      {
        kind: 'rest',
        subject: provider,
        unit: 'rests in a row',
        link: inRow > 0 ? '/#resting' : '/requests',
        sentence:
          inRow > 0
            ? `The provider ${provider} failed${code === null ? '' : ` (${code})`} and is left alone for a while.`
            : `The provider ${provider} can be called.`,
      },
      inRow,
      { worse: 'above', amber: targets.amberRests, red: targets.redRests },
    ),
  );

const pauses = ({ pauses: known }: Measured, { pauses: targets }: ProbeConfig, now: Date): Reading[] =>
  known.map(({ intake, who, since, reason }) => {
    const hours = Math.max(0, (now.getTime() - Date.parse(since)) / hour);
    const at = since.slice(0, 16).replace('T', ' ');
    const sentence = `The intake of ${intake} is paused since ${at} UTC, by ${who}: ${reason}`;
    const described = { kind: 'intake', subject: intake, unit: 'hours', link: '/daemons', sentence } as const;
    return stated(described, hours, hours >= targets.redHours ? 'red' : 'amber', 'not paused');
  });
