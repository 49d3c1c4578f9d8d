import { html, type Html } from './html.ts';
import type { HourlyFiles } from '../shared/store/activity.ts';

/** Files per hour as bars. Pure; the table that says the same in words stands behind it. */

export interface HourBar {
  /** Its beginning, UTC. */
  readonly hour: Date;
  readonly done: number;
  readonly rejected: number;
  readonly held: number;
}

const hour = 3_600_000;
export const hours = 24;

/** The beginning of the first of the hours that end with the present one. */
export const firstHour = (now: Date): Date =>
  new Date(Math.floor(now.getTime() / hour) * hour - (hours - 1) * hour);

/** A bar for every hour, also those in which nothing happened. */
export function hourBars(files: readonly HourlyFiles[], now: Date): HourBar[] {
  const first = firstHour(now).getTime();
  return Array.from({ length: hours }, (_, index) => {
    const begin = new Date(first + index * hour);
    const name = begin.toISOString().slice(0, 13);
    const countOf = (state: string) =>
      files.find((each) => each.hour === name && each.state === state)?.count ?? 0;
    return { hour: begin, done: countOf('done'), rejected: countOf('rejected'), held: countOf('held') };
  });
}

/** `18:00`. */
export const hourName = ({ hour: begin }: HourBar): string => `${begin.toISOString().slice(11, 13)}:00`;

const size = { width: 720, height: 150, left: 44, top: 8, bottom: 20 } as const;
const area = { width: size.width - size.left, height: size.height - size.top - size.bottom } as const;

/** Files done, and on top of them those refused. */
export function hourChart(bars: readonly HourBar[]): Html {
  const most = Math.max(1, ...bars.map(({ done, rejected, held }) => done + rejected + held));
  const step = area.width / bars.length;
  const rounded = (value: number) => Math.round(value * 100) / 100;
  const heightOf = (count: number) => rounded((count / most) * area.height);
  const floor = size.top + area.height;
  const bar = (index: number, from: number, count: number, kind: string) =>
    count > 0 &&
    html`<rect
      class="${kind}"
      x="${rounded(size.left + index * step + 1)}"
      y="${rounded(floor - heightOf(from + count))}"
      width="${rounded(step - 2)}"
      height="${heightOf(count)}"
    />`;
  return html`
    <svg
      class="chart"
      viewBox="${`0 0 ${size.width} ${size.height}`}"
      role="img"
      aria-label="Files of the last 24 hours, by hour; the table below has the numbers"
    >
      <line class="axis" x1="${size.left}" y1="${floor}" x2="${size.width}" y2="${floor}" />
      <text class="most" x="${size.left - 6}" y="${size.top + 8}">${most}</text>
      <text class="most" x="${size.left - 6}" y="${floor}">0</text>
      ${bars.map(
        (each, index) => html`
          <g>
            <title>
              ${`${hourName(each)}: ${each.done} done, ${each.rejected} rejected, ${each.held} held`}
            </title>
            ${bar(index, 0, each.done, 'done')} ${bar(index, each.done, each.rejected + each.held, 'refused')}
            ${
              index % 3 === 0 &&
              html`<text class="hour" x="${rounded(size.left + index * step)}" y="${size.height - 5}">
                ${hourName(each)}
              </text>`
            }
          </g>
        `,
      )}
    </svg>
  `;
}
