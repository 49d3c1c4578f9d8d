import type { HourlyFiles, HourlyMoves } from '../shared/store/activity.ts';

/** What was done over time, in equal pieces. Pure. */

export const ranges = ['24h', '7d', '30d'] as const;
export type Range = (typeof ranges)[number];

export interface Piece {
  /** UTC. */
  readonly begin: Date;
  readonly filesDone: number;
  readonly filesRejected: number;
  readonly filesHeld: number;
  /** Enrolled or unenrolled. */
  readonly devicesDone: number;
  readonly devicesFailed: number;
}

type Counts = Omit<Piece, 'begin'>;

const hour = 3_600_000;

interface RangeRow {
  readonly title: string;
  readonly piece: 'hour' | 'day';
  readonly pieces: number;
}

export const rangeTable: Readonly<Record<Range, RangeRow>> = {
  '24h': { title: '24 hours', piece: 'hour', pieces: 24 },
  '7d': { title: '7 days', piece: 'hour', pieces: 7 * 24 },
  '30d': { title: '30 days', piece: 'day', pieces: 30 },
};

const length = ({ piece }: RangeRow): number => (piece === 'hour' ? hour : 24 * hour);

/** The beginning of the first of the pieces that end with the present one. */
export function firstPiece(range: Range, now: Date): Date {
  const row = rangeTable[range];
  const present = Math.floor(now.getTime() / length(row)) * length(row);
  return new Date(present - (row.pieces - 1) * length(row));
}

/** Every piece of the range, also those in which nothing happened. */
export function piecesOf(
  range: Range,
  now: Date,
  { files, moves }: { readonly files: readonly HourlyFiles[]; readonly moves: readonly HourlyMoves[] },
): Piece[] {
  const row = rangeTable[range];
  const first = firstPiece(range, now).getTime();
  const counted = Array.from({ length: row.pieces }, () => ({ ...none }));
  const add = (at: string, count: number, kind: keyof Counts | undefined) => {
    const piece = counted[Math.floor((Date.parse(`${at}:00Z`) - first) / length(row))];
    if (piece !== undefined && kind !== undefined) piece[kind] += count;
  };
  for (const each of files) add(each.hour, each.count, fileKinds[each.state]);
  for (const each of moves) add(each.hour, each.count, deviceKinds[each.status]);
  return counted.map((counts, index) => ({ begin: new Date(first + index * length(row)), ...counts }));
}

const none: Counts = { filesDone: 0, filesRejected: 0, filesHeld: 0, devicesDone: 0, devicesFailed: 0 };

const fileKinds: Partial<Record<HourlyFiles['state'], keyof Counts>> = {
  done: 'filesDone',
  rejected: 'filesRejected',
  held: 'filesHeld',
};

const deviceKinds: Partial<Record<HourlyMoves['status'], keyof Counts>> = {
  Enrolled: 'devicesDone',
  Unenrolled: 'devicesDone',
  'Enrol Failed': 'devicesFailed',
  'Unenrol Failed': 'devicesFailed',
};
