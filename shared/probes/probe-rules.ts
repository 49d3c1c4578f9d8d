import type { ProbeConfig } from '../runtime/probe-schema.ts';
import { probeStates } from '../store/states/probe.ts';
import { fileReadings } from './file-rules.ts';
import type { Measured } from './measured.ts';
import { placeReadings } from './place-rules.ts';
import type { Reading } from './probe.ts';
import { workReadings } from './work-rules.ts';

/** What was measured, held against the targets; the worst first. Pure: the one set of rules about what needs a look. */
export function readingsOf(measured: Measured, targets: ProbeConfig, now: Date): Reading[] {
  const readings = [
    ...workReadings(measured, targets, now),
    ...placeReadings(measured, targets, now),
    ...fileReadings(measured, targets),
  ];
  return probeStates.flatMap((state) => readings.filter((reading) => reading.state === state));
}

/** What somebody has to look at. */
export const needsLook = ({ state }: Reading): boolean => state !== 'green';
