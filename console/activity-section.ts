import { firstPiece, piecesOf, ranges, rangeTable, type Piece, type Range } from './activity-rules.ts';
import { html, type Html } from './html.ts';
import { withQuery } from './links.ts';
import type { Context, PageRequest } from './page.ts';
import { choiceLinks, table } from './parts.ts';
import { deviceMovesPerHour, filesPerHour } from '../shared/store/activity.ts';

/** Throughput and failures over time: a table, which a script draws. */

interface Measure {
  readonly title: string;
  readonly count: (piece: Piece) => number;
  /** Names its colour. */
  readonly kind: 'done' | 'warn' | 'error';
}

const throughput: readonly Measure[] = [
  { title: 'Files done', count: ({ filesDone }) => filesDone, kind: 'done' },
  { title: 'Devices done', count: ({ devicesDone }) => devicesDone, kind: 'done' },
];

const failures: readonly Measure[] = [
  { title: 'Files rejected', count: ({ filesRejected }) => filesRejected, kind: 'error' },
  { title: 'Files held', count: ({ filesHeld }) => filesHeld, kind: 'warn' },
  { title: 'Devices failed', count: ({ devicesFailed }) => devicesFailed, kind: 'error' },
];

const measures = [...throughput, ...failures];

/** Of the range that `?range=7d` asks for. @throws Fault BAD_INPUT */
export async function activitySection({ db, clock }: Context, request: PageRequest): Promise<Html> {
  const range = request.query.optionalChoice('range', ranges) ?? '24h';
  const now = clock.now();
  const first = firstPiece(range, now);
  const [files, moves] = [await filesPerHour(db, first), await deviceMovesPerHour(db, first)];
  const pieces = piecesOf(range, now, { files, moves });
  const { piece } = rangeTable[range];
  return html`
    <div class="heading" id="activity">
      <h2>Activity</h2>
      ${rangeLinks(request.path, range)}
    </div>
    ${group(`Throughput per ${piece}`, throughput, pieces)}
    ${group(`Failures per ${piece}`, failures, pieces)}
    <details>
      <summary>The numbers as a table</summary>
      <div id="activity-table">${numberTable(range, pieces)}</div>
    </details>
  `;
}

const rangeLinks = (path: string, present: Range): Html =>
  choiceLinks(
    'Range',
    ranges.map((range) => ({
      title: rangeTable[range].title,
      to: `${withQuery(path, { range: range === '24h' ? undefined : range })}#activity`,
      chosen: range === present,
    })),
  );

/** Without scripts the sums are all there is to see. */
const group = (title: string, shown: readonly Measure[], pieces: readonly Piece[]): Html => html`
  <section class="plots" aria-label="${title}">
    <h3>${title}</h3>
    ${shown.map(
      (measure) => html`
        <figure>
          <figcaption>
            ${measure.title}: <strong>${pieces.reduce((sum, piece) => sum + measure.count(piece), 0)}</strong>
          </figcaption>
          <div
            class="plot"
            data-plot="${measure.kind}"
            data-table="activity-table"
            data-column="${measures.indexOf(measure) + 1}"
            aria-hidden="true"
          ></div>
        </figure>
      `,
    )}
  </section>
`;

const numberTable = (range: Range, pieces: readonly Piece[]): Html =>
  table(
    `Files and devices of the last ${rangeTable[range].title}, by ${rangeTable[range].piece} (UTC)`,
    [
      rangeTable[range].piece === 'hour' ? 'Hour' : 'Day',
      ...measures.map(({ title }) => ({ title, number: true })),
    ],
    pieces.map((piece) => [beginning(range, piece), ...measures.map(({ count }) => count(piece))]),
  );

/** `05-06 13:00`, or the day. */
function beginning(range: Range, { begin }: Piece): Html {
  const iso = begin.toISOString();
  const name = rangeTable[range].piece === 'day' ? iso.slice(0, 10) : iso.slice(5, 16).replace('T', ' ');
  return html`<time datetime="${iso}">${name}</time>`;
}
