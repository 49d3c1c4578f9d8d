import type { ProbeConfig } from '../runtime/probe-schema.ts';
import { gauge, stated, stateOf, unmeasured } from './gauge-rules.ts';
import type { Measured } from './measured.ts';
import type { ProbeKind, Reading } from './probe.ts';

/** Whether files come, and go their way. Pure. */
export const fileReadings = (measured: Measured, targets: ProbeConfig): Reading[] => [
  ...backlogs(measured, targets),
  ...dailyFiles(measured, targets),
  ...counts(measured, targets),
];

function backlogs({ inboxes }: Measured, { backlog }: ProbeConfig): Reading[] {
  return inboxes.map(({ name, oldestMinutes: oldest }) => {
    const described = { kind: 'backlog', subject: name, unit: 'minutes', link: '/#backlog' } as const;
    if ('problem' in oldest) return unmeasured(described, `The backlog of ${name}`, oldest.problem);
    const sentence =
      oldest.value === 0
        ? `No file waits in ${name}.`
        : `The oldest file has waited in ${name} for ${minutesText(oldest.value)}.`;
    const target = { worse: 'above', amber: backlog.amberMinutes, red: backlog.redMinutes } as const;
    return gauge({ ...described, sentence }, oldest.value, target);
  });
}

const minutesText = (minutes: number): string =>
  minutes < 120 ? `${Math.floor(minutes)} minute(s)` : `${Math.floor(minutes / 60)} hours`;

function dailyFiles({ dailyFiles: files, today }: Measured, { expectDaily }: ProbeConfig): Reading[] {
  const { amberHour, redHour, weekdays } = expectDaily;
  const expected = weekdays.includes(today.weekday);
  return files.map(({ inbox, last }) => {
    const came = last !== null && Date.parse(last) >= today.begin.getTime();
    const described = {
      kind: 'daily file',
      subject: inbox,
      unit: 'hours',
      link: `/files?folder=${encodeURIComponent(inbox)}`,
      sentence: came
        ? `A file has come into ${inbox} today.`
        : expected
          ? `No file has come into ${inbox} today: ask the sender.`
          : `No file is expected in ${inbox} today.`,
    } as const;
    const owed = expected && !came;
    const hours = owed ? today.hours : 0;
    // At midnight nobody is late, whatever the hours say.
    const state = owed ? stateOf(hours, { worse: 'above', amber: amberHour, red: redHour }) : 'green';
    return stated(described, hours, state, `a file before ${amberHour}:00, red from ${redHour}:00`);
  });
}

function counts({ inboxes, rejected }: Measured, targets: ProbeConfig): Reading[] {
  const total = (state: 'held' | 'deferred') => inboxes.reduce((sum, inbox) => sum + inbox[state], 0);
  const reading = (name: 'held' | 'rejected' | 'deferred', count: number, none: string, some: string) => {
    const { amberFiles, redFiles } = targets[name];
    const described = {
      kind: `${name} files` satisfies ProbeKind,
      subject: '',
      unit: 'files',
      link: `/files?state=${name}`,
      sentence: count === 0 ? none : `${count} file(s) ${some}`,
    } as const;
    return gauge(described, count, { worse: 'above', amber: amberFiles, red: redFiles });
  };
  return [
    reading('held', total('held'), 'No file is held.', 'are held and wait for a decision.'),
    reading(
      'rejected',
      rejected,
      'No file was rejected in the last 24 hours.',
      'were rejected in the last 24 hours: see why, and ask the sender.',
    ),
    reading(
      'deferred',
      total('deferred'),
      'No file is deferred.',
      'are deferred, and tried again by themselves.',
    ),
  ];
}
