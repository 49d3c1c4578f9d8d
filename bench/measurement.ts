import { median } from './figures.ts';

/** What every measurement has in common: how it is asked, what it answers, and what is to be reached. */

/** Sizes at which everything is measured; each measurement takes its own share of them. */
export interface Scale {
  readonly files: number;
  readonly devices: number;
}

export const fullScale: Scale = { files: 2000, devices: 1_000_000 };

/** One round: both figures of the same minute, on the same machine. */
export interface Measured {
  readonly measured: number;
  readonly reference: number;
  /** Of both. */
  readonly unit: string;
  readonly memory?: Memory;
  /** Lines for people who want to know more. */
  readonly details?: readonly string[];
}

/** Resident memory of the process that was measured. */
export interface Memory {
  readonly peakMegabytes: number;
  /** How often as much it has in the last quarter of the time as in the second one. */
  readonly growth?: number;
}

/** Everything that is named is to be reached; nothing: the figures are only reported. */
export interface Target {
  /** Result divided by reference, at least. */
  readonly ratio?: number;
  /** What the result may be above the reference. */
  readonly over?: number;
  readonly peakMegabytes?: number;
  readonly growth?: number;
}

export interface Measurement {
  readonly name: string;
  readonly what: string;
  readonly against: string;
  readonly target: Target;
  /** How much is measured at a scale. */
  readonly size: (scale: Scale) => string;
  /** What this machine lacks for it; undefined: nothing. */
  readonly lacks?: () => string | undefined;
  /** Measures once: an installation of its own, and its reference right beside. */
  readonly run: (scale: Scale) => Promise<Measured>;
}

/** What the rounds of a measurement say together. */
export interface Verdict {
  readonly measured: number;
  readonly reference: number;
  readonly unit: string;
  readonly ratio: { readonly median: number; readonly least: number; readonly most: number };
  /** Result less reference. */
  readonly over: number;
  readonly memory?: Memory;
  /** Undefined: there is no target. */
  readonly reached?: boolean;
}

/** Medians of some rounds, at least one; of memory the worst. Pure. */
export function judge(target: Target, rounds: readonly Measured[]): Verdict {
  const ratios = rounds.map(({ measured, reference }) => measured / reference);
  const memory = rounds.flatMap((round) => round.memory ?? []);
  const growths = memory.flatMap(({ growth }) => growth ?? []);
  const figures = {
    measured: median(rounds.map(({ measured }) => measured)),
    reference: median(rounds.map(({ reference }) => reference)),
    unit: rounds[0]?.unit ?? '',
    ratio: { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) },
    over: median(rounds.map(({ measured, reference }) => measured - reference)),
    ...(memory.length > 0 && {
      memory: {
        peakMegabytes: Math.max(...memory.map(({ peakMegabytes }) => peakMegabytes)),
        ...(growths.length > 0 && { growth: Math.max(...growths) }),
      },
    }),
  };
  const holds = [
    ...(target.ratio === undefined ? [] : [figures.ratio.median >= target.ratio]),
    ...(target.over === undefined ? [] : [figures.over <= target.over]),
    ...(target.peakMegabytes === undefined
      ? []
      : [(figures.memory?.peakMegabytes ?? Infinity) <= target.peakMegabytes]),
    ...(target.growth === undefined ? [] : [(figures.memory?.growth ?? Infinity) <= target.growth]),
  ];
  return holds.length === 0 ? figures : { ...figures, reached: holds.every(Boolean) };
}

/** In words. */
export function targetText({ ratio, over, peakMegabytes, growth }: Target, unit = ''): string {
  const parts = [
    ...(ratio === undefined ? [] : [`ratio ≥ ${ratio.toFixed(2)}`]),
    ...(over === undefined ? [] : [`≤ ${over}${unit && ` ${unit}`} over`]),
    ...(peakMegabytes === undefined ? [] : [`≤ ${peakMegabytes} MB`]),
    ...(growth === undefined ? [] : [`memory ≤ × ${growth.toFixed(1)}`]),
  ];
  return parts.length === 0 ? 'reported' : parts.join(', ');
}
