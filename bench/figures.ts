/** Pure arithmetic of figures. */

/** Of a list that is not empty. */
export const median = (values: readonly number[]): number => percentile(values, 50);

/** The value below or at which `percent` of the values lie; of a list that is not empty. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}

/** For people: as many digits as mean something. */
export function shown(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** `1,000,000`. */
export const counted = (value: number): string => value.toLocaleString('en-GB');

/** Runs the work. @returns seconds that it took */
export async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}
