import { table } from '../bin/output.ts';
import { counted, shown } from './figures.ts';
import {
  targetText,
  type Measured,
  type Measurement,
  type Scale,
  type Target,
  type Verdict,
} from './measurement.ts';

/** What the bench prints. Pure. */

/** A measurement that was made, or why it was not. */
export interface Row extends Pick<Measurement, 'name' | 'what' | 'against' | 'target'> {
  readonly size: string;
  readonly rounds?: readonly Measured[];
  readonly verdict?: Verdict;
  /** What the machine lacks. */
  readonly skipped?: string;
  /** The error. */
  readonly failed?: string;
}

/** One table, and below it what else is to be said of each row. */
export function reportLines(rows: readonly Row[]): string[] {
  const titles = [
    'measurement',
    'size',
    'result',
    'reference',
    '',
    'ratio',
    'rounds',
    'memory',
    'to reach',
    '',
  ];
  return ['', ...table(titles, rows.map(cells)), '', ...rows.flatMap(notes)];
}

/** For programs that read the last line. */
export const summaryOf = (rows: readonly Row[]): object => ({
  measurements: rows.length,
  reached: rows.filter(({ verdict }) => verdict?.reached === true).length,
  missed: rows.filter(({ verdict }) => verdict?.reached === false).length,
  skipped: rows.filter(({ skipped }) => skipped !== undefined).length,
  failed: rows.filter(({ failed }) => failed !== undefined).length,
});

function cells({ name, size, target, verdict, skipped }: Row): (string | undefined)[] {
  const aim = targetText(target, verdict?.unit);
  if (!verdict)
    return [name, size, '', '', '', '', '', '', aim, skipped === undefined ? 'FAILED' : 'skipped'];
  const { measured, reference, unit, ratio, reached } = verdict;
  return [
    name,
    size,
    ...[measured, reference].map((value) => (value >= 1000 ? counted(Math.round(value)) : shown(value))),
    unit,
    factor(target, verdict),
    target.over === undefined ? `${ratio.least.toFixed(2)} to ${ratio.most.toFixed(2)}` : '',
    memory(verdict),
    aim,
    reached === undefined ? '' : reached ? 'reached' : 'MISSED',
  ];
}

const factor = ({ over }: Target, verdict: Verdict): string =>
  over === undefined ? verdict.ratio.median.toFixed(2) : `+${shown(verdict.over)}`;

function memory({ memory }: Verdict): string {
  if (!memory) return '';
  const growth = memory.growth === undefined ? '' : `, × ${memory.growth.toFixed(2)}`;
  return `${memory.peakMegabytes.toFixed(0)} MB${growth}`;
}

function notes({ name, what, against, rounds, skipped, failed }: Row): string[] {
  const said = [
    `${name}: ${what}`,
    `  against: ${against}`,
    ...(rounds ?? []).flatMap(({ details = [] }, index) =>
      details.map((line) => `  round ${index + 1}: ${line}`),
    ),
  ];
  if (skipped !== undefined) said.push(`  skipped: ${skipped}`);
  if (failed !== undefined) said.push(`  FAILED: ${failed}`);
  return said;
}

export const listLines = (measurements: readonly Measurement[], scale: Scale): string[] =>
  table(
    ['name', 'measured', 'against', 'size', 'to reach'],
    measurements.map(({ name, what, against, size, target }) => [
      name,
      what,
      against,
      size(scale),
      targetText(target),
    ]),
  );
