import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { KeyInfo } from '../../shared/pgp/list-keys.ts';
import { advance } from '../../shared/probes/change-rules.ts';
import { localDay } from '../../shared/probes/day-rules.ts';
import { stateOf } from '../../shared/probes/gauge-rules.ts';
import type { Measured } from '../../shared/probes/measured.ts';
import { mailText, webhookBody } from '../../shared/probes/notice-text.ts';
import { readingsOf } from '../../shared/probes/probe-rules.ts';
import type { Reading } from '../../shared/probes/probe.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import type { ProbeChange, ProbeStanding } from '../../shared/store/probes.ts';
import { probeStates, type ProbeState } from '../../shared/store/states/probe.ts';

const targets = configSchema.parse({ probes: { expectDaily: { inboxes: ['x'] } } }).probes;
const now = new Date('2026-05-06T12:00:00.000Z');
const later = (milliseconds: number) => new Date(now.getTime() + milliseconds);
const hour = 3_600_000;
const day = 24 * hour;

const severity: Readonly<Record<ProbeState, number>> = { green: 0, unknown: 0, amber: 1, red: 2 };

const allWell: Measured = {
  daemons: [{ name: 'loader', processes: 1 }],
  inboxes: [{ name: 'x', oldestMinutes: { value: 0 }, held: 0, deferred: 0 }],
  rejected: 0,
  today: localDay(now, 'UTC'),
  dailyFiles: [],
  oldestSent: [],
  openRequests: [],
  rests: [],
  batchesInError: 0,
  jobs: [],
  rooms: { value: [] },
  keys: { value: [] },
  certificates: [],
  pauses: [],
  failedNotices: 0,
};

const read = (change: Partial<Measured>, at = now): Reading[] =>
  readingsOf({ ...allWell, ...change }, targets, at);
const stateIn = (readings: readonly Reading[], kind: Reading['kind']) =>
  readings.find((reading) => reading.kind === kind)?.state;

const key = (own: Partial<KeyInfo>): KeyInfo => ({
  party: 'warehouse',
  place: 'in use',
  fingerprint: 'a'.repeat(40),
  userIds: [],
  algorithm: 'x',
  created: later(-1000 * day),
  expires: null,
  revoked: false,
  canSign: true,
  canEncrypt: true,
  ...own,
});

describe('a gauge', () => {
  const limits = fc
    .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }))
    .map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));

  test('turns exactly at its targets, upwards from the number on, downwards below it', () => {
    fc.assert(
      fc.property(limits, ({ low, high }) => {
        const above = { worse: 'above', amber: low, red: high } as const;
        expect(stateOf(high, above)).toBe('red');
        expect(stateOf(low, above)).toBe(low === high ? 'red' : 'amber');
        expect(stateOf(low - 0.001, above)).toBe('green');
        expect(stateOf(high - 0.001, above)).toBe(low === high ? 'green' : 'amber');
        const below = { worse: 'below', amber: high, red: low } as const;
        expect(stateOf(high, below)).toBe('green');
        expect(stateOf(low, below)).toBe(low === high ? 'green' : 'amber');
        expect(stateOf(low - 0.001, below)).toBe('red');
        expect(stateOf(high - 0.001, below)).toBe(low === high ? 'red' : 'amber');
      }),
    );
  });

  test('worse is never greener', () => {
    fc.assert(
      fc.property(
        limits,
        fc.double({ min: 0, max: 2000, noNaN: true }),
        fc.double({ min: 0, max: 500, noNaN: true }),
        (l, value, more) => {
          const above = { worse: 'above', amber: l.low, red: l.high } as const;
          expect(severity[stateOf(value + more, above)]).toBeGreaterThanOrEqual(
            severity[stateOf(value, above)],
          );
          const below = { worse: 'below', amber: l.high, red: l.low } as const;
          expect(severity[stateOf(value - more, below)]).toBeGreaterThanOrEqual(
            severity[stateOf(value, below)],
          );
        },
      ),
    );
  });
});

describe('older is never greener', () => {
  const span = fc.tuple(fc.nat(200 * day), fc.nat(200 * day));

  test('of keys, certificates, requests and pauses, as time goes by', () => {
    fc.assert(
      fc.property(span, fc.integer({ min: -10 * day, max: 300 * day }), ([first, more], end) => {
        const asked = {
          state: 'accepted',
          sent_at: now.toISOString(),
          accepted_at: null,
          last_error: null,
        } as const;
        const world: Partial<Measured> = {
          keys: { value: [key({ expires: later(end) })] },
          certificates: [{ setting: 'console', ends: { value: later(end) } }],
          oldestSent: [{ provider: 'apple', sentAt: now.toISOString() }],
          openRequests: [asked, { ...asked, state: 'sent' }],
          pauses: [{ intake: 'x', who: 'a', reason: 'b', since: now.toISOString() }],
        };
        const [early, late] = [later(first), later(first + more)].map((at) => read(world, at));
        for (const kind of ['key', 'certificate', 'response', 'requests', 'intake'] as const) {
          const [before, after] = [stateIn(early ?? [], kind), stateIn(late ?? [], kind)];
          expect(severity[after ?? 'green']).toBeGreaterThanOrEqual(severity[before ?? 'green']);
        }
      }),
    );
  });

  test('of the day without a file', () => {
    const midnight = new Date('2026-05-06T00:00:00.000Z');
    fc.assert(
      fc.property(fc.nat(day - 1), fc.nat(day - 1), (a, b) => {
        const [early, late] = [Math.min(a, b), Math.max(a, b)].map((after) => {
          const today = localDay(new Date(midnight.getTime() + after), 'UTC');
          return stateIn(
            read({ today, dailyFiles: [{ inbox: 'x', last: '2026-05-05T23:59:59.999Z' }] }),
            'daily file',
          );
        });
        expect(severity[late ?? 'green']).toBeGreaterThanOrEqual(severity[early ?? 'green']);
      }),
    );
  });
});

describe('targets are exact', () => {
  const oneKey = (days: number) =>
    stateIn(read({ keys: { value: [key({ expires: later(days * day) })] } }), 'key');
  test.each([
    [30, 'green'],
    [29.999, 'amber'],
    [7, 'amber'],
    [6.999, 'red'],
    [-0.001, 'red'],
  ])('a key that expires in %p days is %s', (days, state) => {
    expect(oneKey(days)).toBe(state);
  });

  test.each([
    [59.99, 'green'],
    [60, 'amber'],
    [239.99, 'amber'],
    [240, 'red'],
  ])('a backlog of %p minutes is %s', (minutes, state) => {
    const inboxes = [{ name: 'x', oldestMinutes: { value: minutes }, held: 0, deferred: 0 }];
    expect(stateIn(read({ inboxes }), 'backlog')).toBe(state);
  });

  test.each([
    ['11:59', 'green'],
    ['12:00', 'amber'],
    ['17:59', 'amber'],
    ['18:00', 'red'],
  ])('no file at %s is %s; a file makes it green, and so does a day without any', (at, state) => {
    const today = localDay(new Date(`2026-05-06T${at}:00Z`), 'UTC');
    const without = [{ inbox: 'x', last: null }];
    expect(stateIn(read({ today, dailyFiles: without }), 'daily file')).toBe(state);
    const came = [{ inbox: 'x', last: '2026-05-06T00:00:00.000Z' }];
    expect(stateIn(read({ today, dailyFiles: came }), 'daily file')).toBe('green');
    const free = { ...targets, expectDaily: { ...targets.expectDaily, weekdays: ['tue' as const] } };
    const [reading] = readingsOf({ ...allWell, today, dailyFiles: without }, free, now).filter(
      ({ kind }) => kind === 'daily file',
    );
    expect([reading?.state, reading?.sentence]).toEqual(['green', 'No file is expected in x today.']);
  });

  test('a disk is red where nothing new is taken in, and amber before', () => {
    const disk = (freeMegabytes: number) =>
      stateIn(read({ rooms: { value: [{ folder: '/x', freeMegabytes, reserveMegabytes: 64 }] } }), 'disk');
    expect([63, 64, 255, 256].map(disk)).toEqual(['red', 'amber', 'amber', 'green']);
  });
});

test('a key is no concern when a newer one of the party can do the same, and lasts longer', () => {
  const old = key({ expires: later(3 * day) });
  const newer = key({ fingerprint: 'b'.repeat(40), created: later(-day), expires: later(400 * day) });
  const states = (...ring: KeyInfo[]) =>
    read({ keys: { value: ring } })
      .filter(({ kind }) => kind === 'key')
      .map(({ state }) => state);
  expect(states(old)).toEqual(['red']);
  expect(states(old, newer)).toEqual(['green', 'green']);
  expect(states(old, { ...newer, revoked: true })).toEqual(['red', 'red']);
  expect(states(old, { ...newer, canEncrypt: false })[0]).toBe('red');
  expect(states(old, { ...newer, party: 'other' })[0]).toBe('red');
  expect(states(old, { ...newer, expires: later(2 * day) })).toEqual(['red', 'red']);
});

test('what cannot be measured is unknown, says why, and comes before what is green', () => {
  const readings = read({ rooms: { problem: 'IO_ERROR: no' }, keys: { problem: 'KEY_UNREADABLE: x' } });
  expect(readings.slice(0, 2).map(({ kind, state, value }) => [kind, state, value])).toEqual([
    ['disk', 'unknown', null],
    ['key', 'unknown', null],
  ]);
  expect(readings[0]?.sentence).toBe('The room on the disks could not be measured: IO_ERROR: no');
  expect(readings.slice(2).every(({ state }) => state === 'green')).toBe(true);
});

test('the worst comes first, and every probe has a name of its own', () => {
  const readings = read({
    daemons: [
      { name: 'loader', processes: 0 },
      { name: 'adaptor', processes: 2 },
    ],
    rejected: 1,
    jobs: [
      { job: 'a', state: 'error' },
      { job: 'b', state: 'interrupted' },
      { job: 'c', state: undefined },
    ],
  });
  const order = readings.map(({ state }) => probeStates.indexOf(state));
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  const names = readings.map(({ probe }) => probe);
  expect(new Set(names).size).toBe(names.length);
  const need = readings.filter(({ state }) => state !== 'green').map(({ probe, state }) => [probe, state]);
  expect(need).toEqual([
    ['daemon loader', 'red'],
    ['job a', 'red'],
    ['job b', 'amber'],
    ['rejected files', 'amber'],
  ]);
});

describe('a change', () => {
  const readingOf = (state: ProbeState): Reading => ({
    probe: 'p',
    kind: 'backlog',
    subject: '',
    state,
    value: 1,
    unit: 'u',
    target: 't',
    sentence: 's',
    link: '/',
  });

  test('is told when a state was seen twice in a row, once, and never without another before', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...probeStates), { maxLength: 60 }), (seen) => {
        let standing: ProbeStanding | undefined;
        let counted: ProbeState | null = null;
        for (const [index, state] of seen.entries()) {
          const result = advance(standing, readingOf(state), later(index * 60_000));
          const twice = seen[index - 1] === state;
          const expected = twice && state !== counted && !(counted === null && state === 'green');
          expect(result.change !== undefined).toBe(expected);
          if (expected) expect(result.change).toMatchObject({ before: counted, after: state });
          if (twice) counted = state;
          expect(result.standing.state).toBe(counted);
          ({ standing } = result);
        }
      }),
    );
  });

  test('counts from when the state was seen at first', () => {
    const first = advance(undefined, readingOf('red'), now);
    const second = advance(first.standing, readingOf('red'), later(60_000));
    expect(second.standing).toMatchObject({ state: 'red', since: now.toISOString(), next_state: null });
  });
});

test.each([
  // Berlin put the clock forward on 29 March at two, and back on 25 October at three.
  ['2026-05-06T00:30:00Z', 'Europe/Berlin', 'wed', 2.5, '2026-05-05T22:00:00.000Z'],
  ['2026-05-05T22:10:00Z', 'Europe/Berlin', 'wed', 1 / 6, '2026-05-05T22:00:00.000Z'],
  ['2026-03-29T10:00:00Z', 'Europe/Berlin', 'sun', 12, '2026-03-28T23:00:00.000Z'],
  ['2026-10-25T11:00:00Z', 'Europe/Berlin', 'sun', 12, '2026-10-24T22:00:00.000Z'],
  ['2026-05-06T12:00:00Z', 'Asia/Kolkata', 'wed', 17.5, '2026-05-05T18:30:00.000Z'],
])('%s is a day in %s', (time, zone, weekday, hours, begin) => {
  const found = localDay(new Date(time), zone);
  expect([found.weekday, found.begin.toISOString()]).toEqual([weekday, begin]);
  expect(found.hours).toBeCloseTo(hours, 5);
});

test('a day begins at midnight in every time zone, and holds the time', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Pacific/Apia',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: 0, max: 365 * 3 * 24 * 60 }),
      (zone, minutes) => {
        const time = new Date(Date.UTC(2025, 0, 1) + minutes * 60_000);
        const { begin, weekday } = localDay(time, zone);
        expect(localDay(begin, zone)).toMatchObject({ weekday, hours: 0, begin });
        expect(time.getTime() - begin.getTime()).toBeGreaterThanOrEqual(0);
        expect(time.getTime() - begin.getTime()).toBeLessThan(25.01 * hour);
      },
    ),
  );
});

describe('a notice', () => {
  const words = fc.string({ unit: 'binary', maxLength: 60 });
  const changeOf = fc.record({
    id: fc.nat(),
    probe: words,
    at: fc.constant(now.toISOString()),
    before: fc.constantFrom<ProbeState | null>(null, ...probeStates),
    after: fc.constantFrom(...probeStates),
    value: fc.constant(null),
    unit: words,
    sentence: words,
    link: fc.constant('/keys'),
  });
  const contentOf = (changes: ProbeChange[]) => ({
    uid: 'u',
    host: 'h',
    consoleUrl: 'https://console.example',
    createdAt: now.toISOString(),
    changes,
    more: 0,
  });

  test('has a subject of one line whatever stands in the changes, and says the worst', () => {
    fc.assert(
      fc.property(fc.array(changeOf, { minLength: 1, maxLength: 5 }), (changes) => {
        const { subject, text } = mailText(contentOf(changes));
        expect(subject).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        const worst = probeStates.find((state) => changes.some(({ after }) => after === state));
        expect(subject.startsWith(`[enrol h] ${worst ?? ''}: `)).toBe(true);
        expect(text.split('https://console.example/keys')).toHaveLength(changes.length + 1);
        const body = JSON.parse(webhookBody(contentOf(changes))) as { changes: unknown[] };
        expect(body.changes).toEqual(
          changes.map((change) => ({ ...change, link: 'https://console.example/keys' })),
        );
      }),
    );
  });
});
